"""A layer's pixels go in, small tables of its alpha come out: no copy of a canvas is made, however large it is."""

from dataclasses import dataclass

import numpy as np
from numba import types

from data_pipeline.kernel import F32_2D, READ_U8_3D, kernel

_TABLE = types.Array(types.int64, 1, "C")


@dataclass(frozen=True, eq=False)
class Ink:
    """Pixels with alpha above 0: by row, by column, and by their alpha, int64 [height], [width], [256]."""

    rows: np.ndarray
    columns: np.ndarray
    by_alpha: np.ndarray

    @property
    def total(self) -> int:
        return int(self.rows.sum())


def ink_of(rgba: np.ndarray) -> Ink:
    """Of uint8 RGBA [height, width, 4]."""
    ink = Ink(np.zeros(rgba.shape[0], np.int64), np.zeros(rgba.shape[1], np.int64), np.zeros(256, np.int64))
    _count(rgba, ink.rows, ink.columns, ink.by_alpha)
    return ink


@kernel(types.void, READ_U8_3D, _TABLE, _TABLE, _TABLE)
def _count(rgba: np.ndarray, rows: np.ndarray, columns: np.ndarray, by_alpha: np.ndarray) -> None:
    for y in range(rgba.shape[0]):
        here = np.int64(0)
        for x in range(rgba.shape[1]):
            alpha = rgba[y, x, 3]
            by_alpha[alpha] += 1
            inked = np.int64(1) if alpha > 0 else np.int64(0)
            columns[x] += inked
            here += inked
        rows[y] = here


def shrunk(rgba: np.ndarray, side_px: int) -> np.ndarray:
    """Alpha averaged over squares, so that no side exceeds `side_px`: float32 [height, width] in 0..255.

    Rows and columns that fill no whole square at the bottom and on the right are left out.
    """
    step = max(1, -(-max(rgba.shape[:2]) // side_px))
    small = np.zeros((rgba.shape[0] // step, rgba.shape[1] // step), np.float32)
    _average(rgba, step, small)
    return small


@kernel(types.void, READ_U8_3D, types.intp, F32_2D)
def _average(rgba: np.ndarray, step: int, small: np.ndarray) -> None:
    height, width = small.shape
    for y in range(height * step):
        row = small[y // step]
        for x in range(width):
            total = np.int32(0)
            for k in range(x * step, (x + 1) * step):
                total += np.int32(rgba[y, k, 3])
            row[x] += np.float32(total)
    share = np.float32(1) / np.float32(step * step)
    for y in range(height):
        for x in range(width):
            small[y, x] *= share


@kernel(types.int64, READ_U8_3D, types.int64)
def count_like_first(rgba: np.ndarray, same: int) -> int:
    """How many pixels are opaque and no channel is further than `same` from the first pixel's."""
    red, green, blue = np.int16(rgba[0, 0, 0]), np.int16(rgba[0, 0, 1]), np.int16(rgba[0, 0, 2])
    count = np.int64(0)
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            near = (
                abs(np.int16(rgba[y, x, 0]) - red) <= same
                and abs(np.int16(rgba[y, x, 1]) - green) <= same
                and abs(np.int16(rgba[y, x, 2]) - blue) <= same
            )
            count += 1 if near and rgba[y, x, 3] == 255 else 0
    return int(count)
