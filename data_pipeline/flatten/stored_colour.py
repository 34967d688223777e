"""A colour as PSD's older structures keep it, a colour space and four numbers of 16 bits -> RGB.

Adobe Photoshop File Formats Specification, "Color structure".
"""

import colorsys
from collections.abc import Sequence

import numpy as np

from data_pipeline.colour import srgb_values

_RGB, _HSB, _CMYK, _LAB, _GREY = 0, 1, 2, 7, 8
_WHITE_D50 = np.array([0.96422, 1.0, 0.82521])
# XYZ of D50 to linear sRGB, with Bradford's adaptation (brucelindbloom.com)
_FROM_D50 = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)


def stored_rgb(space: int, numbers: Sequence[int]) -> np.ndarray:
    """float64 [3] in [0, 1]. Inks are taken for pure ones. Raises ValueError where the space is of another kind."""
    first, second, third, fourth = (int(number) & 0xFFFF for number in numbers)
    if space == _RGB:
        return np.array([first, second, third]) / 65535
    if space == _HSB:
        return np.array(colorsys.hsv_to_rgb(first / 65536, second / 65535, third / 65535))
    if space == _CMYK:  # 0 is all of an ink
        return np.array([first, second, third]) / 65535 * (fourth / 65535)
    if space == _LAB:
        return lab_rgb(first / 100, _signed(second) / 100, _signed(third) / 100)
    if space == _GREY:
        return np.full(3, 1 - min(first, 10000) / 10000)
    raise ValueError(f"a colour of space {space}")


def _signed(number: int) -> int:
    return number - 0x10000 if number & 0x8000 else number


def lab_rgb(lightness: float, a: float, b: float) -> np.ndarray:
    """CIE L*a*b* at D50 as sRGB, float64 [3] clipped to [0, 1]."""
    middle = (min(lightness, 100.0) + 16) / 116
    roots = np.array([middle + a / 500, middle, middle - b / 200])
    xyz = _WHITE_D50 * np.where(roots > 6 / 29, roots**3, (roots - 4 / 29) * 3 * (6 / 29) ** 2)
    return np.clip(srgb_values(np.clip(_FROM_D50 @ xyz, 0, 1)), 0, 1)
