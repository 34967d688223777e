"""Tables of 256 values, or a compiled formula and its numbers -> what an adjustment does to a picture's colours."""

from collections.abc import Callable

import numpy as np
from numba import types

from data_pipeline.flatten.blend import luminosity
from data_pipeline.kernel import F32_3D, READ_F32_3D, kernel

# float32 [height, width, 3] of straight colours in [0, 1] -> the same, adjusted
Change = Callable[[np.ndarray], np.ndarray]

# What `by_formula` calls: the colours, the adjustment's numbers, and where the new colours go.
FORMULA = (types.void, READ_F32_3D, types.Array(types.float64, 1, "C", readonly=True), F32_3D)


@kernel(types.void, READ_F32_3D, types.Array(types.float32, 2, "C", readonly=True), F32_3D)
def _look_up(rgb: np.ndarray, tables: np.ndarray, out: np.ndarray) -> None:
    """`tables` is [3, 256]; a colour is rounded to the 8 bits that Photoshop would hold."""
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            for c in range(3):
                value = min(max(rgb[y, x, c], np.float32(0)), np.float32(1))
                out[y, x, c] = tables[c, int(value * np.float32(255) + np.float32(0.5))]


def by_tables(tables: np.ndarray) -> Change:
    """An adjustment that treats red, green and blue apart; `tables` is [3, 256] in [0, 1].

    Raises ValueError where a value is not a number.
    """
    held = np.ascontiguousarray(finite(tables), np.float32)

    def change(rgb: np.ndarray) -> np.ndarray:
        out = np.empty(rgb.shape, np.float32)
        _look_up(rgb, held, out)
        return out

    return change


def by_formula(formula: Callable[[np.ndarray, np.ndarray, np.ndarray], None], numbers: np.ndarray) -> Change:
    """An adjustment that mixes the channels: a kernel of signature FORMULA, which keeps to [0, 1], and its numbers.

    Raises ValueError where a number is not finite.
    """
    held = np.ascontiguousarray(finite(numbers), np.float64).reshape(-1)

    def change(rgb: np.ndarray) -> np.ndarray:
        out = np.empty(rgb.shape, np.float32)
        formula(rgb, held, out)
        return out

    return change


@kernel(*FORMULA)
def _map(rgb: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            grey = min(max(luminosity(float(rgb[y, x, 0]), float(rgb[y, x, 1]), float(rgb[y, x, 2])), 0.0), 1.0)
            place = 3 * int(grey * 255 + 0.5)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = numbers[place], numbers[place + 1], numbers[place + 2]


def by_luminosity(table: np.ndarray) -> Change:
    """An adjustment that sees luminosity alone, rounded to 8 bits; `table` is [256, 3] of the new colours in [0, 1].

    Raises ValueError where a value is not a number.
    """
    return by_formula(_map, table)


def finite(numbers: np.ndarray) -> np.ndarray:
    """The numbers. Raises ValueError where one is not finite."""
    if not np.isfinite(numbers).all():
        raise ValueError("an adjustment by numbers that are not finite")
    return numbers
