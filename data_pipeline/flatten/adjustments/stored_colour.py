"""A colour as PSD's older structures keep it, a colour space and four numbers of 16 bits -> RGB.

Adobe Photoshop File Formats Specification, "Color structure".
"""

import colorsys
from collections.abc import Sequence

import numpy as np
from psd_tools.color_convert import lab_to_rgb

from data_pipeline.colour import srgb_values

# Bradford's adaptation and IEC 61966-2-1's primaries (brucelindbloom.com, "RGB/XYZ Matrices")
_D50_TO_SRGB = np.array(
    [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]
)
_MOST = 2.0  # of X, Y or Z: twice as bright as white is no filter

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


def stored_xyz(numbers: Sequence[int]) -> np.ndarray:
    """float64 [3] in [0, 1], of three numbers of 32 bits. Raises ValueError where they are none of a colour.

    The specification says "4 bytes each for XYZ color" and no more. They are taken for fixed-point numbers with 16 bits
    behind the point, as Photoshop's plug-in interface and ICC profiles have them, seen in D50: not measured.
    """
    xyz = np.array(numbers, np.float64) / 65536
    if xyz.shape != (3,) or (xyz > _MOST).any():
        raise ValueError(f"a colour of X, Y and Z {numbers}")
    return srgb_values(np.clip(_D50_TO_SRGB @ xyz, 0, 1))


def _signed(number: int) -> int:
    return number - 0x10000 if number & 0x8000 else number
