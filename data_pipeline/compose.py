"""A layer stack -> its composite, alpha-blended from the bottom to the top.

`C_0 = 0; C_i = a_i * RGB_i + (1 - a_i) * C_(i-1)` (Qwen-Image-Layered, section 3), in float32 and rounded
once, at the end. Strip by strip, so that the float canvas stays in the processor's cache.
"""

from collections.abc import Iterator

import numpy as np
from numba import types

from data_pipeline.kernel import PIXELS, PLANES, READ_PIXELS, kernel, packed
from schemas.stack import PlainLayer, Stack

_STRIP_PX = 1 << 14  # 256 KiB of float RGBA


@kernel(types.void, PLANES, READ_PIXELS, types.intp, types.intp)
def paint(canvas: np.ndarray, pixels: np.ndarray, top: int, left: int) -> None:
    """Blend a layer's rows onto a strip, from row `top` and column `left` on.

    The canvas is premultiplied float32 [4, rows, width].
    """
    scale = np.float32(1 / 255)
    one = np.float32(1)
    byte = np.uint32(255)
    width = pixels.shape[1]
    for y in range(pixels.shape[0]):
        row = pixels[y]
        red = canvas[0, top + y, left : left + width]
        green = canvas[1, top + y, left : left + width]
        blue = canvas[2, top + y, left : left + width]
        alpha = canvas[3, top + y, left : left + width]
        for x in range(len(row)):
            pixel = row[x]
            a = np.float32(pixel >> np.uint32(24)) * scale
            share = a * scale
            rest = one - a
            red[x] = np.float32(pixel & byte) * share + red[x] * rest
            green[x] = np.float32((pixel >> np.uint32(8)) & byte) * share + green[x] * rest
            blue[x] = np.float32((pixel >> np.uint32(16)) & byte) * share + blue[x] * rest
            alpha[x] = a + alpha[x] * rest


@kernel(types.void, PLANES, PIXELS)
def finish(canvas: np.ndarray, pixels: np.ndarray) -> None:
    """The first rows of a strip as straight pixels, rounded; RGB 0 where alpha is 0."""
    full = np.float32(255)
    half = np.float32(0.5)
    least = np.float32(1e-9)
    for y in range(pixels.shape[0]):
        row = pixels[y]
        red, green, blue, alpha = canvas[0, y], canvas[1, y], canvas[2, y], canvas[3, y]
        for x in range(len(row)):
            a = alpha[x]
            opacity = np.int32(a * full + half)
            straight = full / (a if a > least else least)
            r, g, b = red[x] * straight, green[x] * straight, blue[x] * straight
            r = r if r < full else full
            g = g if g < full else full
            b = b if b < full else full
            colour = np.int32(r + half) | (np.int32(g + half) << 8) | (np.int32(b + half) << 16)
            row[x] = np.uint32(colour | (opacity << 24)) if opacity > 0 else np.uint32(0)


def strips(width: int, height: int) -> Iterator[tuple[int, int]]:
    """Row ranges (top, bottom) whose float canvas fits the cache."""
    rows = max(1, _STRIP_PX // width)
    for top in range(0, height, rows):
        yield top, min(top + rows, height)


def rows_within(layer: PlainLayer, top: int, bottom: int) -> tuple[np.ndarray, int] | None:
    """The layer's packed rows in a strip, and the strip's row where they begin; None where it has none there."""
    first, last = max(layer.box[1], top), min(layer.box[3], bottom)
    if first >= last:
        return None
    return packed(layer.rgba)[first - layer.box[1] : last - layer.box[1]], first - top


def compose(stack: Stack) -> np.ndarray:
    """uint8 straight RGBA [height, width, 4]. The layers' arrays are contiguous."""
    rgba = np.empty((stack.height, stack.width, 4), np.uint8)
    compose_into(stack, rgba)
    return rgba


def compose_into(stack: Stack, rgba: np.ndarray) -> None:
    """The same, into a contiguous array of that shape."""
    canvas: np.ndarray | None = None
    for top, bottom in strips(stack.width, stack.height):
        if canvas is None:
            canvas = np.empty((4, bottom - top, stack.width), np.float32)
        canvas.fill(0)
        for layer in stack.layers:
            part = rows_within(layer, top, bottom)
            if part is not None:
                paint(canvas, part[0], part[1], layer.box[0])
        finish(canvas, packed(rgba)[top:bottom])
