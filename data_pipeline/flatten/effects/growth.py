"""A shape grown by a distance: what strokes and the spread of shadows and glows begin with.

At every pixel it is the greatest of opacity + radius - distance over the pixels of the shape, at most 1, as psd-tools
found. The distance is a chamfer's: that of the shortest way by steps of 1, of the root of 2 to a corner, and of the
root of 5 as a knight goes. So Photoshop's strokes of 1 to 18 px are met within 1/255, and its glows and shadows with
spread within 0.12/255 in the mean; by the straight distance strokes are up to 0.11 px too wide.
"""

import math

import numpy as np
from numba import types

from data_pipeline.kernel import F32_2D, inlined, kernel

_SLANTED, _KNIGHTS = np.float32(math.sqrt(2)), np.float32(math.sqrt(5))


def grow(shape: np.ndarray, radius_px: float) -> np.ndarray:
    """`shape`, float32 [height, width] in [0, 1] -> the same, larger by a radius all around."""
    grown = np.empty_like(shape)
    _spread(np.ascontiguousarray(shape), np.float32(radius_px), grown)
    return grown


@inlined
def _reached(best: np.ndarray, y: int, x: int, down: int, right: int) -> np.float32:
    """What comes to a pixel from the half of its neighbours that lies against `down` and `right`, each 1 or -1."""
    height, width = best.shape
    value = best[y, x]
    if 0 <= x - right < width:
        value = max(value, best[y, x - right] - np.float32(1))
    if 0 <= y - down < height:
        row = best[y - down]
        value = max(value, row[x] - np.float32(1))
        for side in (-1, 1):
            if 0 <= x + side < width:
                value = max(value, row[x + side] - _SLANTED)
            if 0 <= x + 2 * side < width:
                value = max(value, row[x + 2 * side] - _KNIGHTS)
    if 0 <= y - 2 * down < height:
        row = best[y - 2 * down]
        for side in (-1, 1):
            if 0 <= x + side < width:
                value = max(value, row[x + side] - _KNIGHTS)
    return value


@kernel(types.void, types.Array(types.float32, 2, "C", readonly=True), types.float32, F32_2D)
def _spread(shape: np.ndarray, radius: float, out: np.ndarray) -> None:
    """Down the picture and up again, after which every pixel has the best of all ways to it (Borgefors 1986)."""
    height, width = shape.shape
    best = np.where(shape > 0, shape, np.float32(-1e9))
    for y in range(height):
        for x in range(width):
            best[y, x] = _reached(best, y, x, 1, 1)
    for y in range(height - 1, -1, -1):
        for x in range(width - 1, -1, -1):
            best[y, x] = _reached(best, y, x, -1, -1)
    for y in range(height):
        for x in range(width):
            out[y, x] = min(max(best[y, x] + radius, shape[y, x], np.float32(0)), np.float32(1))
