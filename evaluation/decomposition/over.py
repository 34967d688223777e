"""Two cuts in, the upper one over the lower out, bit for bit as Pillow's `Image.alpha_composite` computes it.

Of straight alpha, in integers: with the result's alpha times 255, `A = 255 * a + b * (255 - a)`, the upper colour gets
the weight `floor(128 * 255 * 255 * a / A)` of 128 * 255, the lower one the rest. Where the upper alpha is 0, the lower
pixel stays as it is, its colour under alpha 0 included.
"""

from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np
from numba import types

from data_pipeline.kernel import PIXELS, READ_PIXELS, inlined, kernel
from evaluation.decomposition.cut import Cut, around, cut_packed
from schemas.stack import Box

_STRIP_PX = 1 << 15  # 128 KiB


def over(lower: Cut, upper: Cut) -> Cut:
    """The upper cut composited over the lower."""
    box = around([lower.box, upper.box])
    canvas = np.empty((box[3] - box[1], box[2] - box[0]), np.uint32)
    _lay(canvas, box, lower, upper)
    return cut_packed(canvas, box[0], box[1])


def flattened(cuts: Sequence[Cut]) -> Cut:
    """All of them, bottom first; at least one is needed. It starts from the first, not from an empty canvas."""
    return reduce(over, cuts)


def strips_over(lower: Cut, upper: Cut) -> Iterator[tuple[Box, np.ndarray]]:
    """The same from top to bottom, strip by strip: (its box, packed pixels), which are valid until the next."""
    left, top, right, bottom = around([lower.box, upper.box])
    if left == right:
        return
    rows = max(1, _STRIP_PX // (right - left))
    scratch = np.empty((rows, right - left), np.uint32)
    for y in range(top, bottom, rows):
        box = (left, y, right, min(y + rows, bottom))
        strip = scratch[: box[3] - y]
        _lay(strip, box, lower, upper)
        yield box, strip


def _lay(canvas: np.ndarray, box: Box, lower: Cut, upper: Cut) -> None:
    places = (lower.box[1] - box[1], lower.box[0] - box[0], upper.box[1] - box[1], upper.box[0] - box[0])
    _composite(canvas, lower.pixels, upper.pixels, *places)


# Numba widens the result of every operation on 32 bits to 64; brought back to 32, twice as many fit one instruction.
@inlined
def _over_255(value: np.int32) -> np.int32:
    """Rounded quotient by 255 of a value to which half of it was added, as Pillow shifts it."""
    return np.int32(np.int32(np.int32(value >> 8) + value) >> 8)


@inlined
def _mixed(upper: np.uint32, lower: np.uint32, shift: np.uint32, weight: np.int32) -> np.uint32:
    """One channel, in its place."""
    byte = np.uint32(255)
    rest = np.int32(np.int32(255 * 128) - weight)
    above = np.int32(np.int32((upper >> shift) & byte) * weight)
    below = np.int32(np.int32((lower >> shift) & byte) * rest)
    mixed = _over_255(np.int32(np.int32(above + below) + np.int32(128 << 7)))
    return np.uint32(np.uint32(mixed >> 7) << shift)


@inlined
def _composite_row(row: np.ndarray, below: np.ndarray) -> None:
    full = np.int32(255)
    for x in range(len(row)):
        upper, lower = row[x], below[x]
        a, b = np.int32(upper >> np.uint32(24)), np.int32(lower >> np.uint32(24))
        alpha = np.int32(np.int32(a * full) + np.int32(b * np.int32(full - a)))
        # In float64 the quotient never rounds up to a whole number: both are below 2^31.
        weight = np.int32(np.float64(np.int32(a * np.int32(255 * 255 * 128))) / np.float64(max(alpha, np.int32(1))))
        mixed = np.uint32(np.uint32(_over_255(np.int32(alpha + np.int32(128)))) << np.uint32(24))
        mixed |= _mixed(upper, lower, np.uint32(0), weight)
        mixed |= _mixed(upper, lower, np.uint32(8), weight)
        mixed |= _mixed(upper, lower, np.uint32(16), weight)
        below[x] = mixed if a > 0 else lower


@kernel(types.void, PIXELS, READ_PIXELS, READ_PIXELS, types.intp, types.intp, types.intp, types.intp)
def _composite(
    canvas: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    lower_top: int,
    lower_left: int,
    upper_top: int,
    upper_left: int,
) -> None:
    """Row by row, so that what is laid down is still in the cache when it is laid upon."""
    for y in range(canvas.shape[0]):
        row = canvas[y]
        row[:] = np.uint32(0)
        if 0 <= y - lower_top < lower.shape[0]:
            row[lower_left : lower_left + lower.shape[1]] = lower[y - lower_top]
        if 0 <= y - upper_top < upper.shape[0]:
            _composite_row(upper[y - upper_top], row[upper_left : upper_left + upper.shape[1]])
