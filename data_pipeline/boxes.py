"""Boxes (left, top, right, bottom) in, boxes and views of their pixels out."""

from collections.abc import Iterable

import numba
import numpy as np

from schemas.stack import Box


def intersect(a: Box, b: Box) -> Box | None:
    """What both boxes cover; None where they share no pixel."""
    left, top, right, bottom = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around all; ValueError for none."""
    sides = np.array(list(boxes), np.int64).reshape(-1, 4)
    if not len(sides):
        raise ValueError("the union of no boxes is undefined")
    left, top = sides[:, :2].min(axis=0)
    right, bottom = sides[:, 2:].max(axis=0)
    return int(left), int(top), int(right), int(bottom)


def view(pixels: np.ndarray, box: Box, inner: Box) -> np.ndarray:
    """The part of `pixels`, which lie at `box`, that `inner` covers; `inner` must lie inside `box`."""
    left, top = box[:2]
    return pixels[inner[1] - top : inner[3] - top, inner[0] - left : inner[2] - left]


def tight(rgba: np.ndarray, box: Box) -> Box | None:
    """The smallest box around the pixels of alpha above 0; None where there is none."""
    left, top, right, bottom = _bounds(rgba)
    if left >= right:
        return None
    return box[0] + left, box[1] + top, box[0] + right, box[1] + bottom


@numba.njit(cache=True, nogil=True)
def _bounds(rgba: np.ndarray) -> tuple[int, int, int, int]:
    height, width = rgba.shape[0], rgba.shape[1]
    left, top, right, bottom = width, height, 0, 0
    for y in range(height):
        first = 0
        while first < width and rgba[y, first, 3] == 0:
            first += 1
        if first == width:
            continue
        last = width - 1
        while rgba[y, last, 3] == 0:
            last -= 1
        left, right = min(left, first), max(right, last + 1)
        top, bottom = min(top, y), y + 1
    return left, top, right, bottom
