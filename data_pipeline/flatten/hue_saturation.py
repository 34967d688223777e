"""The settings of Hue/Saturation -> a change of colours.

Colorize is drawn here; the shifts, of all colours and of ranges of hues, by psd-tools' functions, which are measured
against Photoshop.
"""

import colorsys

import numpy as np
from psd_tools.composite import adjustments
from psd_tools.psd.adjustments import HueSaturation

from data_pipeline.flatten.change import FORMULA, Change, by_formula
from data_pipeline.kernel import kernel

_MOST = np.array([360, 100, 100])  # a hue is in degrees
_BAND_PX = 1 << 16  # handed to psd-tools at a time


def hue_saturation(settings: HueSaturation) -> Change:
    """Raises ValueError or TypeError where a setting is out of Photoshop's range."""
    if settings.enable:
        return _colorize(*_checked(settings.colorization))
    ranges = [(hues, _checked(shift)) for hues, shift in settings.items]
    master = _checked(settings.master)
    shifted = [(hues, adjustments._normalize_hsl(shift)) for hues, shift in ranges if any(shift)]

    def change(rgb: np.ndarray) -> np.ndarray:
        if not shifted and not any(master):
            return rgb
        step = max(1, _BAND_PX // max(rgb.shape[1], 1))
        out = np.empty(rgb.shape, np.float32)
        for top in range(0, rgb.shape[0], step):
            band = adjustments._huesaturation(rgb[top : top + step], shifted, adjustments._normalize_hsl(master))
            out[top : top + step] = np.clip(band, 0, 1)
        return out

    return change


def _checked(shift: tuple[int, int, int]) -> tuple[int, int, int]:
    if len(shift) != 3 or (np.abs(shift) > _MOST).any():
        raise ValueError(f"hue, saturation and lightness of {shift}")
    return shift


def _colorize(hue: int, saturation: int, lightness: int) -> Change:
    """One hue and saturation for all; the lightness of HSL stays but for a move towards white or black.

    Found by Roman Starkov (stackoverflow.com/q/4404507) and, in HSL, by psd-tools; not measured here.
    """
    pure = colorsys.hls_to_rgb(hue / 360 % 1, 0.5, max(saturation, 0) / 100)
    return by_formula(_colour, np.array([*pure, lightness / 100]))


@kernel(*FORMULA)
def _colour(rgb: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    moved = numbers[3]
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            r, g, b = float(rgb[y, x, 0]), float(rgb[y, x, 1]), float(rgb[y, x, 2])
            lightness = (min(r, g, b) + max(r, g, b)) / 2
            lightness = lightness * (1 - abs(moved)) + max(moved, 0.0)
            for c in range(3):
                if lightness <= 0.5:
                    value = numbers[c] * 2 * lightness
                else:
                    value = numbers[c] + (1 - numbers[c]) * (2 * lightness - 1)
                out[y, x, c] = min(max(value, 0.0), 1.0)
