"""Boxes, and the part of an array that lies on one."""

from collections.abc import Iterable

import numpy as np
from numba import types

from data_pipeline.kernel import READ_U8_3D, kernel
from schemas.stack import Box


def intersect(a: Box, b: Box) -> Box | None:
    """The common part of two boxes, None where there is none."""
    box = (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    return box if box[0] < box[2] and box[1] < box[3] else None


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of them; at least one is needed."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def size(box: Box) -> tuple[int, int]:
    """(height, width), as an array's shape."""
    return box[3] - box[1], box[2] - box[0]


def area(box: Box) -> int:
    """In pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])


def view(array: np.ndarray, box: Box, inner: Box) -> np.ndarray:
    """The part of an array on `box` that lies on `inner`, which must lie inside; no copy.

    Raises ValueError where it does not: kernels trust the shapes they are given.
    """
    inside = box[0] <= inner[0] and box[1] <= inner[1] and inner[2] <= box[2] and inner[3] <= box[3]
    if not inside or array.shape[:2] != size(box):
        raise ValueError(f"an array of shape {array.shape} on {box} has no part on {inner}")
    return array[inner[1] - box[1] : inner[3] - box[1], inner[0] - box[0] : inner[2] - box[0]]


def grown(box: Box, reach_px: int) -> Box:
    """The box with so many pixels more on every side."""
    return box[0] - reach_px, box[1] - reach_px, box[2] + reach_px, box[3] + reach_px


def shifted(box: Box, right: int, down: int) -> Box:
    """The box, moved."""
    return box[0] + right, box[1] + down, box[2] + right, box[3] + down


def on_box(array: np.ndarray, box: Box, target: Box) -> np.ndarray:
    """An array on `box` as it stands on `target`, 0 where it does not reach; the array itself where they are one."""
    if box == target:
        return array
    result = np.zeros((*size(target), *array.shape[2:]), array.dtype)
    inner = intersect(box, target)
    if inner is not None:
        view(result, target, inner)[...] = view(array, box, inner)
    return result


def tight(rgba: np.ndarray, box: Box) -> Box | None:
    """The smallest box around the pixels of alpha above 0; None where there is none."""
    left, top, right, bottom = _bounds(rgba)
    if left >= right:
        return None
    return box[0] + left, box[1] + top, box[0] + right, box[1] + bottom


@kernel(types.UniTuple(types.int64, 4), READ_U8_3D)
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
