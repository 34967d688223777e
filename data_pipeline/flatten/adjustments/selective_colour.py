"""The settings of Selective Colour -> a change of colours.

Clément Bœsch, "Understanding selective coloring in Adobe Photoshop" (blog.pkh.me/p/22, 2017), who found it by
measuring Photoshop; not measured here.
"""

import numpy as np
from psd_tools.psd.adjustments import SelectiveColor

from data_pipeline.flatten.adjustments.change import FORMULA, Change, by_formula
from data_pipeline.kernel import inlined, kernel

_RANGES = 9  # reds, yellows, greens, cyans, blues, magentas, whites, neutrals, blacks


def selective_colour(settings: SelectiveColor) -> Change:
    """Each range adds cyan, magenta, yellow and black to the colours in it. Raises ValueError where ranges are missing.

    How far a colour is in a range: its largest less its middle channel for a primary, its middle less its smallest
    for a secondary colour, twice what exceeds one half for whites and blacks.
    """
    plates = np.array(settings.data, np.float64)
    if plates.shape != (_RANGES + 1, 4):  # the first is reserved
        raise ValueError(f"plates of shape {plates.shape}")
    inks = np.clip(plates[1:] / 100, -1, 1)
    return by_formula(_absolute if settings.method else _relative, inks)


@inlined
def _added(ink: float, black: float, value: float, share: float) -> float:
    """What ink and black add to a channel, at most up to 0 and 1."""
    return min(max((-(1 + ink) * black - ink) * share, -value), 1 - value)


@inlined
def _select(rgb: np.ndarray, numbers: np.ndarray, relative: float, out: np.ndarray) -> None:
    amounts = np.zeros(_RANGES)
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            r, g, b = float(rgb[y, x, 0]), float(rgb[y, x, 1]), float(rgb[y, x, 2])
            low, high = min(r, g, b), max(r, g, b)
            middle = r + g + b - low - high
            primary, secondary = high - middle, middle - low
            amounts[0] = primary if r == high else 0.0
            amounts[1] = secondary if b == low else 0.0
            amounts[2] = primary if g == high else 0.0
            amounts[3] = secondary if r == low else 0.0
            amounts[4] = primary if b == high else 0.0
            amounts[5] = secondary if g == low else 0.0
            amounts[6] = max(2 * low - 1, 0.0)
            amounts[7] = 1 - abs(high - 0.5) - abs(low - 0.5)
            amounts[8] = max(1 - 2 * high, 0.0)
            for c in range(3):
                value = float(rgb[y, x, c])
                share = 1 - relative * value
                total = value
                for k in range(_RANGES):
                    if amounts[k] > 0:
                        total += amounts[k] * _added(numbers[4 * k + c], numbers[4 * k + 3], value, share)
                out[y, x, c] = min(max(total, 0.0), 1.0)


@kernel(*FORMULA)
def _relative(rgb: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    _select(rgb, numbers, 1.0, out)


@kernel(*FORMULA)
def _absolute(rgb: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    _select(rgb, numbers, 0.0, out)
