"""A layer stack -> its composite, alpha-blended from the bottom to the top.

`C_0 = 0; C_i = a_i * RGB_i + (1 - a_i) * C_(i-1)` (Qwen-Image-Layered, section 3), in float32 and rounded
once, at the end. Strip by strip, so that the float canvas stays in the processor's cache.
"""

from collections.abc import Iterator

import numpy as np
from numba import types

from data_pipeline.kernel import inlined, kernel
from schemas.stack import PlainLayer, Stack

_STRIP_PX = 1 << 15  # 512 KiB of float RGBA

CANVAS = types.Array(types.float32, 3, "C")
ROWS = types.Array(types.uint8, 3, "C", readonly=True)


@kernel(types.void, CANVAS, ROWS, types.intp, types.intp)
def paint(canvas: np.ndarray, rgba: np.ndarray, top: int, left: int) -> None:
    """Blend a layer's rows onto a strip of premultiplied float32 RGBA, from row `top` and column `left` on."""
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            opacity = rgba[y, x, 3]
            if opacity == 0:
                continue
            below = canvas[top + y, left + x]
            if opacity == 255:
                below[0] = rgba[y, x, 0] * np.float32(1 / 255)
                below[1] = rgba[y, x, 1] * np.float32(1 / 255)
                below[2] = rgba[y, x, 2] * np.float32(1 / 255)
                below[3] = np.float32(1)
                continue
            a = opacity * np.float32(1 / 255)
            share = a * np.float32(1 / 255)
            rest = np.float32(1) - a
            below[0] = rgba[y, x, 0] * share + below[0] * rest
            below[1] = rgba[y, x, 1] * share + below[1] * rest
            below[2] = rgba[y, x, 2] * share + below[2] * rest
            below[3] = a + below[3] * rest


@inlined
def _byte(value: np.float32) -> np.uint8:
    return np.uint8(min(max(value, np.float32(0)), np.float32(1)) * np.float32(255) + np.float32(0.5))


@kernel(types.void, CANVAS, types.Array(types.uint8, 3, "C"))
def finish(canvas: np.ndarray, rgba: np.ndarray) -> None:
    """Premultiplied float32 -> straight uint8, rounded; RGB 0 where alpha is 0."""
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            a = canvas[y, x, 3]
            alpha = _byte(a)
            rgba[y, x, 3] = alpha
            if alpha == 0:
                rgba[y, x, 0] = 0
                rgba[y, x, 1] = 0
                rgba[y, x, 2] = 0
                continue
            straight = np.float32(1) / a
            rgba[y, x, 0] = _byte(canvas[y, x, 0] * straight)
            rgba[y, x, 1] = _byte(canvas[y, x, 1] * straight)
            rgba[y, x, 2] = _byte(canvas[y, x, 2] * straight)


def strips(width: int, height: int) -> Iterator[tuple[int, int]]:
    """Row ranges (top, bottom) whose float canvas fits the cache."""
    rows = max(1, _STRIP_PX // width)
    for top in range(0, height, rows):
        yield top, min(top + rows, height)


def rows_within(layer: PlainLayer, top: int, bottom: int) -> tuple[np.ndarray, int] | None:
    """The layer's rows in a strip, and the strip's row where they begin; None where it has none there."""
    first, last = max(layer.box[1], top), min(layer.box[3], bottom)
    if first >= last:
        return None
    return layer.rgba[first - layer.box[1] : last - layer.box[1]], first - top


def compose(stack: Stack) -> np.ndarray:
    """uint8 straight RGBA [height, width, 4]."""
    rgba = np.empty((stack.height, stack.width, 4), np.uint8)
    for top, bottom in strips(stack.width, stack.height):
        canvas = np.zeros((bottom - top, stack.width, 4), np.float32)
        for layer in stack.layers:
            part = rows_within(layer, top, bottom)
            if part is not None:
                paint(canvas, part[0], part[1], layer.box[0])
        finish(canvas, rgba[top:bottom])
    return rgba
