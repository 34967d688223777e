"""A layer in, its cut out: the pixels of the smallest box outside of which all is 0, and sums over them.

Sums over the whole canvas follow from those over the common part of two boxes; see costs.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numba import types

from data_pipeline.kernel import READ_PIXELS, kernel
from schemas.stack import Box, Stack


@dataclass(frozen=True, eq=False)
class Cut:
    """`pixels` is uint32 [height, width] on `box`, red in the lowest byte, straight alpha in the highest.

    The sums are exact, in units of 1/255: `colour` is that of red, green and blue over the visible pixels (alpha above
    0), `alpha` that of alpha.
    """

    box: Box
    pixels: np.ndarray = field(repr=False)
    visible_px: int
    colour: int
    alpha: int


def cut(rgba: np.ndarray, left: int = 0, top: int = 0) -> Cut:
    """Of uint8 RGBA [height, width, 4] that lies on a canvas at (left, top); colour under alpha 0 is kept."""
    packed = np.ascontiguousarray(rgba).view("<u4")[..., 0]
    return cut_packed(np.require(packed, requirements=["C", "ALIGNED"]), left, top)


def cut_packed(pixels: np.ndarray, left: int, top: int) -> Cut:
    """Of packed pixels, uint32 [height, width], C-contiguous."""
    first, upper, last, lower = _bounds(pixels)
    if first >= last:
        return Cut((0, 0, 0, 0), np.empty((0, 0), np.uint32), 0, 0, 0)
    inner = np.ascontiguousarray(pixels[upper:lower, first:last])
    return Cut((left + first, top + upper, left + last, top + lower), inner, *sums(inner))


def cuts_of_array(rgba_NHW4: np.ndarray) -> tuple[Cut, ...]:
    """Of a stack as one array, bottom first. Raises ValueError where it is no such array or holds no pixel."""
    if rgba_NHW4.dtype != np.uint8 or rgba_NHW4.ndim != 4 or rgba_NHW4.shape[3] != 4:
        raise ValueError(f"a stack is uint8 [layers, height, width, 4], not {rgba_NHW4.dtype} {rgba_NHW4.shape}")
    if 0 in rgba_NHW4.shape:
        raise ValueError(f"a stack of shape {rgba_NHW4.shape} is empty")
    return tuple(cut(rgba) for rgba in rgba_NHW4)


def cuts_of_stack(stack: Stack) -> tuple[Cut, ...]:
    """Of a stack of cropped layers, bottom first; outside of its box a layer is transparent black."""
    if not stack.layers:
        raise ValueError("a stack without layers is empty")
    return tuple(cut(layer.rgba, layer.box[0], layer.box[1]) for layer in stack.layers)


def uncut(cut: Cut, width: int, height: int) -> np.ndarray:
    """The layer on its whole canvas again, uint8 RGBA [height, width, 4]."""
    rgba = np.zeros((height, width, 4), np.uint8)
    left, top, right, bottom = cut.box
    rgba.view("<u4")[top:bottom, left:right, 0] = cut.pixels
    return rgba


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box around those that hold a pixel; empty where none does."""
    solid = [box for box in boxes if box[0] < box[2]]
    if not solid:
        return (0, 0, 0, 0)
    lefts, tops, rights, bottoms = zip(*solid, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


@kernel(types.UniTuple(types.int64, 4), READ_PIXELS)
def _bounds(pixels: np.ndarray) -> tuple[int, int, int, int]:
    height, width = pixels.shape
    left, top, right, bottom = width, height, 0, 0
    for y in range(height):
        row = pixels[y]
        first = 0
        while first < width and row[first] == 0:
            first += 1
        if first == width:
            continue
        last = width - 1
        while row[last] == 0:
            last -= 1
        left, right = min(left, first), max(right, last + 1)
        top, bottom = min(top, y), y + 1
    return left, top, right, bottom


@kernel(types.UniTuple(types.int64, 3), READ_PIXELS)
def sums(pixels: np.ndarray) -> tuple[int, int, int]:
    """(visible pixels, their colour, alpha). A row's sums fit 32 bits up to a width of 2.8 million."""
    byte = np.uint32(255)
    none = np.int32(0)
    visible_px, colour, alpha = 0, 0, 0
    for y in range(pixels.shape[0]):
        row = pixels[y]
        n, c, a = none, none, none
        for x in range(len(row)):
            pixel = row[x]
            opacity = np.int32(pixel >> np.uint32(24))
            rgb = np.int32((pixel & byte) + ((pixel >> np.uint32(8)) & byte) + ((pixel >> np.uint32(16)) & byte))
            n += np.int32(1) if opacity > 0 else none
            c += rgb if opacity > 0 else none
            a += opacity
        visible_px += int(n)
        colour += int(c)
        alpha += int(a)
    return visible_px, colour, alpha
