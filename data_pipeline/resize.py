"""A layer stack in, the same on a canvas of at most `max_area` pixels out; never enlarged.

Layers are resampled on premultiplied colour on the canvas's grid: alone, a layer gives the pixels that its full
canvas would give, at the cost of its box. The filter is the cubic `1 - 3x^2 + 2|x|^3`, widened by the scale: sharper
than a triangle, and without negative lobes, so that no colour rises above its alpha and nothing rings. It is a
polynomial: no cosine that differs between machines.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import types

from data_pipeline.boxes import tight, view
from data_pipeline.four import AT_ONCE, straighten_pixels, weigh_pixels
from data_pipeline.kernel import PIXELS, inlined, kernel, packed
from schemas.stack import Box, PlainLayer, Stack


@dataclass(frozen=True, eq=False)
class Resized:
    """`kept[k]` is the layer of the given stack that layer k was; the others had no alpha left."""

    stack: Stack
    kept: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Axis:
    """How one axis is resampled: target pixel t is the sum of `weights[t, i]` times source pixel `first[t] + i`.

    `weights` is float32 [target, taps], of sum 1; 0 past the `taps_of[t]` that count. `first` and the end of a target
    pixel's taps never decrease.
    """

    first: np.ndarray
    taps_of: np.ndarray
    weights: np.ndarray

    @cached_property
    def padded(self) -> np.ndarray:
        """The weights, and zeros up to a multiple of what is weighed at once."""
        return np.pad(self.weights, ((0, 0), (0, -self.weights.shape[1] % AT_ONCE)))

    @cached_property
    def at_once(self) -> int:
        """The most target pixels that one source pixel reaches, and one more."""
        source = np.arange(int((self.first + self.taps_of).max()))
        begun = np.searchsorted(self.first, source, side="right")
        ended = np.searchsorted(self.first + self.taps_of, source, side="right")
        return int((begun - ended).max()) + 1

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
    return resize_each(stack.layers, (stack.width, stack.height), max_area)


def resize_each(unsized: Iterable[PlainLayer], canvas: tuple[int, int], max_area: int) -> Resized:
    """As `resize`, of layers on a canvas (width, height) that need not be in memory together."""
    width, height = target_size(*canvas, max_area)
    if (width, height) == canvas:
        same = tuple(unsized)
        return Resized(Stack(width, height, same), tuple(range(len(same))))
    across, down = axis(canvas[0], width), axis(canvas[1], height)
    layers, kept = [], []
    for index, layer in enumerate(unsized):
        rgba, box = resample(layer.rgba, layer.box, across, down)
        inner = tight(rgba, box)
        if inner is not None:
            pixels = np.ascontiguousarray(view(rgba, box, inner))
            layers.append(_at(layer, inner, pixels))
            kept.append(index)
        del layer  # before the next is painted
    return Resized(Stack(width, height, tuple(layers)), tuple(kept))


def resize_picture(rgba: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A straight-alpha uint8 picture [h, w, 4] at `size` (width, height), as `resize` does a layer."""
    height, width = rgba.shape[:2]
    return resample(rgba, (0, 0, width, height), axis(width, size[0]), axis(height, size[1]))[0]


def _at(layer: PlainLayer, box: Box, rgba: np.ndarray) -> PlainLayer:
    return PlainLayer(box, rgba, layer.layer_ids, layer.owner_id, layer.baked, layer.backdrop_dependence)


def axis(source: int, target: int) -> Axis:
    """From so many pixels to so many; to more, too."""
    scale = source / target
    reach = max(scale, 1.0)
    centre = (np.arange(target) + 0.5) * scale - 0.5
    first = np.clip(np.floor(centre - reach).astype(np.int64) + 1, 0, source - 1)
    last = np.clip(np.ceil(centre + reach).astype(np.int64) - 1, 0, source - 1)
    place = first[:, None] + np.arange(int((last - first).max()) + 1)
    x = np.minimum(np.abs(place - centre[:, None]) / reach, 1.0)
    weights = np.where(place <= last[:, None], 1.0 - x * x * (3.0 - 2.0 * x), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return Axis(first, last - first + 1, weights.astype(np.float32))


def resample(rgba: np.ndarray, box: Box, across: Axis, down: Axis) -> tuple[np.ndarray, Box]:
    """Straight uint8 pixels on `box` by the weights of either axis: the pixels that they reach, and their box.

    Sources that an axis names outside `box` are transparent. Weights may be negative: colours are clipped.
    """
    left, right = across.span(box[0], box[2])
    top, bottom = down.span(box[1], box[3])
    # Pixels as whole words, alpha on top: read four bytes apart, the compiler finds no vector instructions for them.
    words = np.ascontiguousarray(rgba).view("<u4")[..., 0].astype(np.uint32, copy=False)
    resampled = np.empty((bottom - top, right - left, 4), np.uint8)
    _reduce(
        words,
        box[0],
        box[1],
        across.first[left:right],
        across.padded[left:right],
        down.first[top:bottom],
        down.taps_of[top:bottom],
        down.weights[top:bottom],
        np.zeros((down.at_once, 4 * (words.shape[1] + 2 * across.padded.shape[1])), np.float32),
        packed(resampled),
    )
    return resampled, (left, top, right, bottom)


@inlined
def _premultiply(words: np.ndarray, row: np.ndarray) -> np.bool_:
    """Whether the row has any alpha; only then is what is written of use."""
    byte = np.uint32(255)
    seen = np.uint32(0)
    for x in range(words.size):
        word = words[x]
        seen |= word
        alpha = np.float32(np.int32(word >> np.uint32(24)))
        row[4 * x] = alpha * np.float32(np.int32(word & byte))
        row[4 * x + 1] = alpha * np.float32(np.int32((word >> np.uint32(8)) & byte))
        row[4 * x + 2] = alpha * np.float32(np.int32((word >> np.uint32(16)) & byte))
        row[4 * x + 3] = alpha
    return seen > np.uint32(0xFFFFFF)


@inlined
def _add(row: np.ndarray, weight: np.float32, sums: np.ndarray) -> None:
    for k in range(row.size):
        sums[k] += weight * row[k]


@inlined
def _finish(
    sums: np.ndarray, left: int, first: np.ndarray, weights: np.ndarray, across: np.ndarray, words: np.ndarray
) -> None:
    """One target row to straight pixels, rounded half up; 0 where alpha rounds to 0. `sums` begins, and ends, with as
    many empty pixels as a target pixel has weights. `words` ends with as many as make a multiple of AT_ONCE."""
    beside = weights.shape[1]
    for x in range(first.size):
        weigh_pixels(sums, first[x] - left + beside, weights[x], across, x)
    for x in range(0, words.size, AT_ONCE):
        straighten_pixels(across, x, words)


@kernel(
    types.void,
    types.Array(types.uint32, 2, "C", readonly=True),
    types.int64,
    types.int64,
    types.int64[::1],
    types.float32[:, ::1],
    types.int64[::1],
    types.int64[::1],
    types.float32[:, ::1],
    types.float32[:, ::1],
    PIXELS,
)
def _reduce(
    words: np.ndarray,
    left: int,
    top: int,
    first_x: np.ndarray,
    weights_x: np.ndarray,
    first_y: np.ndarray,
    taps_y: np.ndarray,
    weights_y: np.ndarray,
    sums: np.ndarray,
    resampled: np.ndarray,
) -> None:
    """Source rows, top to bottom, are added to the target rows that they reach; a target row is finished across.

    Pixels outside the box add nothing, so that no bit depends on where the box was cut. `sums` holds the target rows
    that are open, in turn: of each pixel its colour times alpha (up to 255 * 255) and its alpha (up to 255).
    """
    height, width = words.shape
    rows, slots = resampled.shape[0], sums.shape[0]
    inner = slice(4 * weights_x.shape[1], 4 * (weights_x.shape[1] + width))
    premultiplied = np.empty(4 * width, np.float32)
    groups = (resampled.shape[1] + AT_ONCE - 1) // AT_ONCE
    across = np.zeros(4 * AT_ONCE * groups, np.float32)
    straight = np.empty(AT_ONCE * groups, np.uint32)
    is_open = np.zeros(slots, np.bool_)
    low = 0
    for y in range(height):
        if _premultiply(words[y], premultiplied):
            target = low
            while target < rows and first_y[target] <= top + y:
                slot = target % slots
                _add(premultiplied, weights_y[target, top + y - first_y[target]], sums[slot][inner])
                is_open[slot] = True
                target += 1
        ended = low
        while ended < rows and (first_y[ended] + taps_y[ended] <= top + y + 1 or y == height - 1):
            ended += 1
        for row in range(low, ended):
            slot = row % slots
            if is_open[slot]:
                _finish(sums[slot], left, first_x, weights_x, across, straight)
                resampled[row] = straight[: resampled.shape[1]]
                sums[slot] = 0
                is_open[slot] = False
            else:
                resampled[row] = 0
        low = ended
    resampled[low:] = 0
