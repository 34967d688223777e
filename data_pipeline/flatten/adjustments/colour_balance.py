"""The settings of Colour Balance -> one curve for each channel.

Each is that of Levels: highlights move the white point in, shadows the black point, midtones are a gamma.
"""

import numpy as np
from psd_tools.psd.adjustments import ColorBalance

_FULL = 100
# Of a gamma's exponent, per unit of a midtones slider: published as fitted to Photoshop's results
# (zhuanlan.zhihu.com/p/59450298, blog.csdn.net/u011520181/article/details/118530067).
_PER_UNIT = 0.0033944


def colour_balance_tables(settings: ColorBalance) -> np.ndarray:
    """Colour Balance as float64 [3, 256] in [0, 1]. Raises TypeError or ValueError where it is unreadable."""
    ranges = (settings.shadows, settings.midtones, settings.highlights)
    shadows, midtones, highlights = np.clip(np.array(ranges, np.float64).reshape(3, 3), -_FULL, _FULL)
    if settings.luminosity:
        return _curves(*_preserving(shadows, midtones, highlights))
    return _curves(*_plain(shadows, midtones, highlights))


def _preserving(
    shadows: np.ndarray, midtones: np.ndarray, highlights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Black points, white points (how far each moves in, in 1/255) and exponents with luminosity preserved.

    Only differences count: a slider on its own raises its channel or the other two. Highlights are measured exactly,
    on -50 of green and blue; that equal sliders change nothing, on +100 and -100 of all nine. Shadows and midtones
    are published (see above), not measured.
    """
    apart = midtones - np.median(midtones)
    return shadows.max() - shadows, highlights - highlights.min(), np.exp(-_PER_UNIT * (2 * apart - apart.sum()))


def _plain(
    shadows: np.ndarray, midtones: np.ndarray, highlights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same without: each slider moves its own channel.

    What would move a white or a black point outwards is a gamma instead. Measured on highlights of -50: gamma 0.84,
    Levels' two decimals of 2 ^ (-50/200); that the midtones reach 1.4 and 0.7 is publicly known, the rest is not
    measured.
    """
    gammas = np.round(2 ** ((midtones + np.minimum(highlights, 0) + np.maximum(shadows, 0)) / 200), 2)
    return np.maximum(-shadows, 0), np.maximum(highlights, 0), 1 / gammas


def _curves(blacks: np.ndarray, whites: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    values = np.arange(256) / 255
    black, white, exponent = blacks[:, np.newaxis] / 255, whites[:, np.newaxis] / 255, exponents[:, np.newaxis]
    bright = np.clip(values / (1 - white), 0, 1)
    return np.clip((bright - black) / (1 - black), 0, 1) ** exponent
