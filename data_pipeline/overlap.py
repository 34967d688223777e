"""A layer stack in, its overlap order out: which layer lies on which and how much, and the level of each.

Two layers overlap where both alphas exceed a threshold. One map of the canvas remembers the topmost layer of every
pixel so far, so the cost is one read of every layer's pixels, not one for every pair of layers.
"""

import math

import numpy as np
from numba import types

from data_pipeline.boxes import union
from data_pipeline.kernel import I32_2D, READ_U8_3D, kernel
from schemas.stack import Stack


def covered(stack: Stack, overlap_alpha: float) -> np.ndarray:
    """Int64 [N, N]: [i, j] sums lower alpha times upper alpha (of 255) where j lies directly on i; 0 where nowhere.

    The transitive closure of "not 0" is that of "i lies below j and overlaps it": layers that overlap on a pixel are
    linked through those between them there.
    """
    layers = stack.layers
    count = len(layers)
    area = np.zeros((count, count + 1), np.int64)  # row: the upper layer; column: the lower one, from 1; 0 for none
    shared = _boxes_meet(np.array([layer.box for layer in layers], np.int64).reshape(-1, 4))
    if shared.any():
        left, top, right, bottom = union(layers[j].box for j in np.flatnonzero(shared))
        # The topmost layer so far, from 1, and its alpha; pages that no layer touches are never committed.
        topmost = np.zeros((bottom - top, right - left), np.int32)
        alpha = np.zeros(topmost.shape, np.uint8)
        threshold = math.floor(overlap_alpha * 255)
        for j in np.flatnonzero(shared):
            place = (layers[j].box[0] - left, layers[j].box[1] - top)
            _put_on_top(layers[j].rgba, *place, j + 1, threshold, topmost, alpha, area[j])
    return np.ascontiguousarray(area[:, 1:].T)


def levels(lies_on: np.ndarray) -> np.ndarray:
    """Int [N], from 0: `1 + the highest level among the layers below that it overlaps`."""
    result = np.zeros(len(lies_on), np.int64)
    for j in range(len(lies_on)):
        below = result[:j][lies_on[:j, j]]
        if len(below):
            result[j] = below.max() + 1
    return result


def closure(lies_on: np.ndarray) -> np.ndarray:
    """Bool [N, N]: [i, j] says that j must stay above i, directly or through others."""
    above = np.zeros_like(lies_on)
    below = above.T  # a view: row j of `below` is what lies below j
    for j in range(len(lies_on)):
        for i in np.flatnonzero(lies_on[:j, j])[::-1]:
            if not below[j, i]:
                below[j] |= below[i]
                below[j, i] = True
    return above


def _boxes_meet(boxes: np.ndarray) -> np.ndarray:
    """Bool [N]: whose box shares a pixel with another's. The pixels of the others need not be read."""
    left, top, right, bottom = boxes.T
    solid = (left < right) & (top < bottom)
    meets = np.zeros(len(boxes), bool)
    for j in range(len(boxes)):
        others = (left < right[j]) & (left[j] < right) & (top < bottom[j]) & (top[j] < bottom) & solid
        meets[j] = solid[j] and others.sum() > 1
    return meets


@kernel(
    types.void,
    READ_U8_3D,
    types.int64,
    types.int64,
    types.int64,
    types.int64,
    I32_2D,
    types.uint8[:, ::1],
    types.int64[::1],
)
def _put_on_top(
    rgba: np.ndarray,
    left: int,
    top: int,
    number: int,
    threshold: int,
    topmost: np.ndarray,
    alpha: np.ndarray,
    area: np.ndarray,
) -> None:
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            upper = rgba[y, x, 3]
            if upper > threshold:
                area[topmost[top + y, left + x]] += np.int64(upper) * np.int64(alpha[top + y, left + x])
                topmost[top + y, left + x] = number
                alpha[top + y, left + x] = upper
