"""The settings of Hue/Saturation -> a change of colours.

psd-tools has measured Photoshop's shifts of all colours and of ranges of hues. Those of ranges are drawn by its
functions; what has no ranges, which is most, and colorize by kernels.
"""

import colorsys

import numpy as np
from psd_tools.composite import adjustments
from psd_tools.psd.adjustments import HueSaturation

from data_pipeline.flatten.adjustments.change import FORMULA, Change, by_formula
from data_pipeline.kernel import kernel

_MOST = np.array([360, 100, 100])  # a hue is in degrees
_QUOTIENT = 0.01  # psd-tools' guard
_BAND_PX = 1 << 16  # handed to psd-tools at a time


def hue_saturation(settings: HueSaturation) -> Change:
    """Raises ValueError or TypeError where a setting is out of Photoshop's range."""
    if settings.enable:
        return _colorize(*_checked(settings.colorization))
    master = _checked(settings.master)
    ranges = [(hues, adjustments._normalize_hsl(_checked(shift))) for hues, shift in settings.items if any(shift)]
    return _shift_ranges(ranges, master) if ranges else by_formula(_shift, np.array(master) / _MOST)


def _checked(shift: tuple[int, int, int]) -> tuple[int, int, int]:
    if len(shift) != 3 or (np.abs(shift) > _MOST).any():
        raise ValueError(f"hue, saturation and lightness of {shift}")
    return shift


def _shift_ranges(ranges: list, master: tuple[int, int, int]) -> Change:
    everywhere = adjustments._normalize_hsl(master)

    def change(rgb: np.ndarray) -> np.ndarray:
        step = max(1, _BAND_PX // max(rgb.shape[1], 1))
        out = np.empty(rgb.shape, np.float32)
        for top in range(0, rgb.shape[0], step):
            out[top : top + step] = np.clip(adjustments._huesaturation(rgb[top : top + step], ranges, everywhere), 0, 1)
        return out

    return change


@kernel(*FORMULA)
def _shift(rgb: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    """Lightness moves towards white or black, then hue and saturation change in HSL; more saturation is a quotient."""
    hue, more, moved = numbers[0], numbers[1], numbers[2]
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            r, g, b = float(rgb[y, x, 0]), float(rgb[y, x, 1]), float(rgb[y, x, 2])
            low, high = min(r, g, b), max(r, g, b)
            chroma = (high - low) * (1 - abs(moved))
            lightness = (low + high) / 2 * (1 - abs(moved)) + max(moved, 0.0)
            most = 1 - abs(2 * lightness - 1)
            if chroma <= 0 or most <= 0:
                out[y, x, 0] = out[y, x, 1] = out[y, x, 2] = min(max(lightness, 0.0), 1.0)
                continue
            if r == high:
                sixth = (g - b) / (high - low)
            elif g == high:
                sixth = (b - r) / (high - low) + 2
            else:
                sixth = (r - g) / (high - low) + 4
            factor = 1 / (1 - more + _QUOTIENT) if more > 0 else 1 + more
            chroma = min(chroma * factor, most)
            for c in range(3):
                away = abs((sixth + 6 * hue - 2 * c + 3) % 6 - 3)  # from the channel's own hue
                share = min(max(2 - away, 0.0), 1.0)
                out[y, x, c] = min(max(lightness + chroma * (share - 0.5), 0.0), 1.0)


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
