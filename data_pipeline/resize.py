"""A layer stack in, the same on a canvas of at most `max_area` pixels out; never enlarged.

Layers are resampled on premultiplied colour on the canvas's grid: alone, a layer gives the pixels that its full
canvas would give, at the cost of its box. The filter is the cubic `1 - 3x^2 + 2|x|^3`, widened by the scale: sharper
than a triangle, and without negative lobes, so that no colour rises above its alpha and nothing rings. It is a
polynomial: no cosine that differs between machines.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import types

from data_pipeline.boxes import tight, view
from data_pipeline.kernel import READ_U8_3D, kernel
from schemas.stack import Box, PlainLayer, Stack

_TAPS = (types.int64[::1], types.int64[::1], types.float32[:, ::1])  # the columns of an _Axis


@dataclass(frozen=True, eq=False)
class Resized:
    """`kept[k]` is the layer of the given stack that layer k was; the others had no alpha left."""

    stack: Stack
    kept: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Axis:
    """How one axis is resampled: target pixel t is the sum of `weights[t, i]` times source pixel `first[t] + i`.

    `weights` is float32 [target, taps], of sum 1; 0 past the `taps_of[t]` that count.
    """

    first: np.ndarray
    taps_of: np.ndarray
    weights: np.ndarray

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """The target pixels that source pixels [start, stop) reach."""
        low = int(np.searchsorted(self.first + self.taps_of, start, side="right"))
        high = int(np.searchsorted(self.first, stop, side="left"))
        return low, max(low, high)


def target_size(width: int, height: int, max_area: int) -> tuple[int, int]:
    """(width, height) of at most `max_area` pixels, of the given aspect as nearly as whole pixels allow."""
    if width * height <= max_area:
        return width, height
    scale = math.sqrt(max_area / (width * height))
    if width * scale < 1:
        return 1, min(height, max_area)
    if height * scale < 1:
        return min(width, max_area), 1
    low = (math.floor(width * scale), math.floor(height * scale))
    sizes = [(w, h) for w in (low[0], low[0] + 1) for h in (low[1], low[1] + 1) if w * h <= max_area]
    return min(sizes, key=lambda size: (abs(math.log(size[0] * height / (size[1] * width))), -size[0] * size[1]))


def resize(stack: Stack, max_area: int) -> Resized:
    """The stack at `target_size`; boxes are tight, RGB is 0 where alpha is 0."""
    width, height = target_size(stack.width, stack.height, max_area)
    if (width, height) == (stack.width, stack.height):
        return Resized(stack, tuple(range(len(stack.layers))))
    across, down = _axis(stack.width, width), _axis(stack.height, height)
    layers, kept = [], []
    for index, layer in enumerate(stack.layers):
        rgba, box = _resample(layer.rgba, layer.box, across, down)
        inner = tight(rgba, box)
        if inner is not None:
            pixels = np.ascontiguousarray(view(rgba, box, inner))
            layers.append(_at(layer, inner, pixels))
            kept.append(index)
    return Resized(Stack(width, height, tuple(layers)), tuple(kept))


def resize_picture(rgba: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A straight-alpha uint8 picture [h, w, 4] at `size` (width, height), as `resize` does a layer."""
    height, width = rgba.shape[:2]
    return _resample(rgba, (0, 0, width, height), _axis(width, size[0]), _axis(height, size[1]))[0]


def _at(layer: PlainLayer, box: Box, rgba: np.ndarray) -> PlainLayer:
    return PlainLayer(box, rgba, layer.layer_ids, layer.owner_id, layer.baked, layer.backdrop_dependence)


def _axis(source: int, target: int) -> _Axis:
    scale = source / target
    reach = max(scale, 1.0)
    centre = (np.arange(target) + 0.5) * scale - 0.5
    first = np.clip(np.floor(centre - reach).astype(np.int64) + 1, 0, source - 1)
    last = np.clip(np.ceil(centre + reach).astype(np.int64) - 1, 0, source - 1)
    place = first[:, None] + np.arange(int((last - first).max()) + 1)
    x = np.minimum(np.abs(place - centre[:, None]) / reach, 1.0)
    weights = np.where(place <= last[:, None], 1.0 - x * x * (3.0 - 2.0 * x), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return _Axis(first, last - first + 1, weights.astype(np.float32))


def _resample(rgba: np.ndarray, box: Box, across: _Axis, down: _Axis) -> tuple[np.ndarray, Box]:
    left, right = across.span(box[0], box[2])
    top, bottom = down.span(box[1], box[3])
    sums = np.zeros((bottom - top, right - left, 4), np.float32)
    _gather(
        rgba,
        box[0],
        box[1],
        across.first[left:right],
        across.taps_of[left:right],
        across.weights[left:right],
        down.first[top:bottom],
        down.taps_of[top:bottom],
        down.weights[top:bottom],
        sums,
    )
    return _straight(sums), (left, top, right, bottom)


@kernel(types.void, READ_U8_3D, types.int64, types.int64, *_TAPS, *_TAPS, types.float32[:, :, ::1])
def _gather(
    rgba: np.ndarray,
    left: int,
    top: int,
    first_x: np.ndarray,
    taps_x: np.ndarray,
    weights_x: np.ndarray,
    first_y: np.ndarray,
    taps_y: np.ndarray,
    weights_y: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Adds the weighted pixels to `sums`: colour times alpha (up to 255 * 255) and alpha (up to 255).

    Source rows are taken top to bottom, pixels left to right; pixels outside the box add nothing, so that sums do
    not depend, in any bit, on where the box was cut.
    """
    height, width = rgba.shape[0], rgba.shape[1]
    rows, columns = sums.shape[0], sums.shape[1]
    premultiplied = np.empty((width, 4), np.float32)
    row = np.empty((columns, 4), np.float32)
    low = 0
    for y in range(height):
        solid = False
        for x in range(width):
            alpha = np.float32(rgba[y, x, 3])
            solid |= rgba[y, x, 3] != 0
            premultiplied[x, 0] = alpha * np.float32(rgba[y, x, 0])
            premultiplied[x, 1] = alpha * np.float32(rgba[y, x, 1])
            premultiplied[x, 2] = alpha * np.float32(rgba[y, x, 2])
            premultiplied[x, 3] = alpha
        if not solid:
            continue
        for x in range(columns):
            begin = first_x[x] - left
            red = green = blue = alpha = np.float32(0)
            for i in range(max(0, -begin), min(taps_x[x], width - begin)):
                weight = weights_x[x, i]
                red += weight * premultiplied[begin + i, 0]
                green += weight * premultiplied[begin + i, 1]
                blue += weight * premultiplied[begin + i, 2]
                alpha += weight * premultiplied[begin + i, 3]
            row[x, 0], row[x, 1], row[x, 2], row[x, 3] = red, green, blue, alpha
        while low < rows and first_y[low] + taps_y[low] <= top + y:
            low += 1
        target = low
        while target < rows and first_y[target] <= top + y:
            weight = weights_y[target, top + y - first_y[target]]
            for x in range(columns):
                for c in range(4):
                    sums[target, x, c] += weight * row[x, c]
            target += 1


@kernel(types.uint8[:, :, ::1], types.float32[:, :, ::1])
def _straight(sums: np.ndarray) -> np.ndarray:
    """Colour times alpha and alpha to straight uint8, rounded half up; RGB 0 where alpha rounds to 0."""
    half, full = np.float32(0.5), np.float32(255)
    rgba = np.zeros(sums.shape, np.uint8)
    for y in range(sums.shape[0]):
        for x in range(sums.shape[1]):
            alpha = sums[y, x, 3]
            if alpha < half:
                continue
            for c in range(3):
                rgba[y, x, c] = np.uint8(min(sums[y, x, c] / alpha, full) + half)
            rgba[y, x, 3] = np.uint8(min(alpha, full) + half)
    return rgba
