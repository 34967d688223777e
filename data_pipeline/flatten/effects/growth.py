"""A shape grown by a distance: what strokes and the spread of shadows and glows begin with.

At every pixel it is the greatest of opacity + radius - distance over the pixels of the shape, at most 1. Photoshop's
own strokes follow it, most of them within 1/255, if a distance is the length of the shortest way in steps to the 16
nearest pixels around (a chamfer distance: 1, root 2 and root 5 long).
"""

import math

import numpy as np
from numba import types

from data_pipeline.kernel import PLANE, kernel

_DIAGONAL, _KNIGHT = np.float32(math.sqrt(2)), np.float32(math.sqrt(5))
_NOWHERE = np.float32(-1e9)
_MARGIN = 2  # a step's reach


def grow(shape: np.ndarray, radius_px: float) -> np.ndarray:
    """`shape`, float32 [height, width] in [0, 1] -> the same, larger by a radius all around."""
    grown: np.ndarray = np.clip(np.maximum(nearness(shape) + np.float32(radius_px), shape), 0, 1)
    return grown


def nearness(shape: np.ndarray) -> np.ndarray:
    """At every pixel the greatest of opacity - distance in pixels, float32: 1/2 on a sharp edge, less outside."""
    best = np.full((shape.shape[0] + 2 * _MARGIN, shape.shape[1] + 2 * _MARGIN), _NOWHERE)
    inner = best[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    np.copyto(inner, shape, where=shape > 0)
    for half in (best, best[::-1, ::-1]):  # the steps down and right, then those up and left
        turned = np.ascontiguousarray(half)
        _spread(turned)
        half[...] = turned
    return inner


@kernel(types.void, PLANE)
def _spread(best: np.ndarray) -> None:
    """Let every pixel within the margins take over from what lies above it, and then from the one to its left."""
    for y in range(_MARGIN, best.shape[0] - _MARGIN):
        for x in range(_MARGIN, best.shape[1] - _MARGIN):
            straight = best[y - 1, x] - np.float32(1)
            diagonal = max(best[y - 1, x - 1], best[y - 1, x + 1]) - _DIAGONAL
            flat = max(best[y - 1, x - 2], best[y - 1, x + 2])
            steep = max(best[y - 2, x - 1], best[y - 2, x + 1])
            knight = max(flat, steep) - _KNIGHT
            best[y, x] = max(max(best[y, x], straight), max(diagonal, knight))
        for x in range(_MARGIN, best.shape[1] - _MARGIN):
            best[y, x] = max(best[y, x], best[y, x - 1] - np.float32(1))
