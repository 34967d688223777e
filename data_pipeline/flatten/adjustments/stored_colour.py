"""A colour as PSD's older structures keep it, a colour space and four numbers of 16 bits -> RGB.

Adobe Photoshop File Formats Specification, "Color structure".
"""

import colorsys
from collections.abc import Sequence

import numpy as np
from psd_tools.color_convert import lab_to_rgb

_RGB, _HSB, _CMYK, _LAB, _GREY = 0, 1, 2, 7, 8


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
        return np.array(lab_to_rgb(first / 100, _signed(second) / 100, _signed(third) / 100))
    if space == _GREY:
        return np.full(3, min(first, 10000) / 10000)
    raise ValueError(f"a colour of space {space}")


def _signed(number: int) -> int:
    return number - 0x10000 if number & 0x8000 else number
