"""A layer stack -> its composite, and what that loses without each layer; then which layers are kept.

Leaving layer i out changes the premultiplied composite by `T_i * a_i * |c_i - B_i|`, with T_i the
transmittance of what lies above and B_i the backdrop below. One pass down for T, one pass up for B, in
strips: the cost is the area of the boxes, not its product with the number of layers.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numba import types

from data_pipeline.boxes import intersect
from data_pipeline.compose import finish, paint, rows_within, strips
from data_pipeline.kernel import PLANE, PLANES, READ_PIXELS, kernel, packed
from schemas.stack import Stack

_ROUNDS = 16
_UNIT = 1 << 16  # differences are counted in whole parts of full intensity: they sum exactly, a row in int32


@dataclass(frozen=True, eq=False)
class Contributions:
    """Per layer: on how many pixels the composite differs without it, by how much on their average (in
    1/255, of the channel that differs most), and whether it is kept."""

    visible_px: np.ndarray
    mean_difference: np.ndarray
    kept: np.ndarray


@kernel(types.void, PLANE, READ_PIXELS, types.intp, types.intp, PLANE)
def _transmit(transmitted: np.ndarray, pixels: np.ndarray, top: int, left: int, above: np.ndarray) -> None:
    """Note what lies above a layer's rows, then dim what lies below them."""
    scale = np.float32(1 / 255)
    one = np.float32(1)
    width = pixels.shape[1]
    for y in range(pixels.shape[0]):
        row = pixels[y]
        light = transmitted[top + y, left : left + width]
        noted = above[y]
        for x in range(len(row)):
            t = light[x]
            noted[x] = t
            light[x] = t * (one - np.float32(row[x] >> np.uint32(24)) * scale)


@kernel(types.UniTuple(types.int64, 4), PLANES, READ_PIXELS, types.intp, types.intp, PLANE, types.int32)
def _difference(
    canvas: np.ndarray, pixels: np.ndarray, top: int, left: int, above: np.ndarray, same: np.int32
) -> tuple[int, int, int, int]:
    """(pixels that differ by more than `same`, sum of their differences, largest T * a, largest a * |c - B|)."""
    scale = np.float32(1 / 255)
    unit = np.float32(_UNIT)
    byte = np.uint32(255)
    width = pixels.shape[1]
    visible_px, total = np.int64(0), np.int64(0)
    shown, change = np.int32(0), np.int32(0)
    for y in range(pixels.shape[0]):
        row = pixels[y]
        light = above[y]
        red = canvas[0, top + y, left : left + width]
        green = canvas[1, top + y, left : left + width]
        blue = canvas[2, top + y, left : left + width]
        alpha = canvas[3, top + y, left : left + width]
        row_px, row_total = np.int32(0), np.int32(0)
        for x in range(len(row)):
            pixel = row[x]
            a = np.float32(pixel >> np.uint32(24)) * scale
            share = a * scale
            r = abs(np.float32(pixel & byte) * share - a * red[x])
            g = abs(np.float32((pixel >> np.uint32(8)) & byte) * share - a * green[x])
            b = abs(np.float32((pixel >> np.uint32(16)) & byte) * share - a * blue[x])
            o = a - a * alpha[x]
            worst = r if r > g else g
            worst = worst if worst > b else b
            worst = worst if worst > o else o
            here = np.int32(light[x] * worst * unit)
            differs = here > same
            # numba adds int32 to int64; cast back, the sums stay 16 lanes wide
            row_px = np.int32(row_px + (np.int32(1) if differs else np.int32(0)))
            row_total = np.int32(row_total + (here if differs else np.int32(0)))
            lit = np.int32(light[x] * a * unit)
            shown = shown if shown > lit else lit
            own = np.int32(worst * unit)
            change = change if change > own else own
        visible_px += row_px
        total += row_total
    return int(visible_px), int(total), int(shown), int(change)


class _Measured:
    """What each layer contributes in each strip, measured again where a layer is dropped."""

    def __init__(self, stack: Stack, same: float) -> None:
        self._stack = stack
        self._same = int(same * _UNIT)
        self._strips = list(strips(stack.width, stack.height))
        count = len(stack.layers)
        self._tops = np.array([layer.box[1] for layer in stack.layers])
        self._bottoms = np.array([layer.box[3] for layer in stack.layers])
        self._figures = np.zeros((len(self._strips), count, 4), np.int64)
        self.composite = np.empty((stack.height, stack.width, 4), np.uint8)
        everything = np.ones(count, bool)
        for index in range(len(self._strips)):
            self._measure(index, everything, keep_picture=True)

    def _measure(self, index: int, kept: np.ndarray, keep_picture: bool) -> None:
        top, bottom = self._strips[index]
        parts = []
        for i in np.flatnonzero(kept & (self._tops < bottom) & (self._bottoms > top)).tolist():
            layer = self._stack.layers[i]
            part = rows_within(layer, top, bottom)
            assert part is not None, "its box reaches into the strip"
            parts.append((i, part[0], part[1], layer.box[0], np.empty(part[0].shape, np.float32)))
        transmitted = np.ones((bottom - top, self._stack.width), np.float32)
        for _, pixels, row, column, above in reversed(parts):
            _transmit(transmitted, pixels, row, column, above)
        canvas = np.zeros((4, bottom - top, self._stack.width), np.float32)
        self._figures[index] = 0
        for i, pixels, row, column, above in parts:
            self._figures[index, i] = _difference(canvas, pixels, row, column, above, self._same)
            paint(canvas, pixels, row, column)
        if keep_picture:
            finish(canvas, packed(self.composite)[top:bottom])

    def again(self, dropped: Collection[int], kept: np.ndarray) -> None:
        """Measure the strips that dropped layers reach into."""
        boxes = [self._stack.layers[i].box for i in dropped]
        for index, (top, bottom) in enumerate(self._strips):
            if any(box[1] < bottom and top < box[3] for box in boxes):
                self._measure(index, kept, keep_picture=False)

    def visible_px(self) -> np.ndarray:
        return self._figures[..., 0].sum(axis=0)

    def difference(self) -> np.ndarray:
        return self._figures[..., 1].sum(axis=0) / _UNIT

    def shown(self) -> np.ndarray:
        return self._figures[..., 2].max(axis=0)

    def change(self) -> np.ndarray:
        return self._figures[..., 3].max(axis=0)


def contributions(stack: Stack, min_visible_px: int, min_difference: float) -> tuple[np.ndarray, Contributions]:
    """The composite of the whole stack (as `compose`), and what is kept of it.

    A layer that changes fewer than `min_visible_px` pixels by more than `min_difference` (in 1/255) is
    dropped, against the backdrop of what is kept: of two identical opaque layers one survives. Layers that
    change nothing they lie on go first and together, then layers that others hide altogether, together;
    the rest one after another from the bottom, those with separate boxes in one round, in at most 16
    rounds (a stack built to need more keeps layers that it could lose).
    """
    measured = _Measured(stack, min_difference / 255)
    kept = np.ones(len(stack.layers), bool)
    visible_px, difference = measured.visible_px(), measured.difference()
    for _ in range(_ROUNDS):
        dropped = _to_drop(stack, measured, kept, max(1, min_visible_px))
        if not dropped:
            break
        now_px, now_difference = measured.visible_px(), measured.difference()
        visible_px[dropped], difference[dropped] = now_px[dropped], now_difference[dropped]
        kept[dropped] = False
        measured.again(dropped, kept)
    visible_px[kept], difference[kept] = measured.visible_px()[kept], measured.difference()[kept]
    mean = np.divide(difference * 255, visible_px, out=np.zeros_like(difference), where=visible_px > 0)
    return measured.composite, Contributions(visible_px, mean, kept)


def _to_drop(stack: Stack, measured: _Measured, kept: np.ndarray, min_visible_px: int) -> list[int]:
    candidates = kept & (measured.visible_px() < min_visible_px)
    if not candidates.any():
        return []
    for nothing in (measured.change(), measured.shown()):
        together = np.flatnonzero(candidates & (nothing == 0))
        if together.size:
            return together.tolist()
    chosen: list[int] = []
    for i in np.flatnonzero(candidates).tolist():
        box = stack.layers[i].box
        if not any(intersect(box, stack.layers[j].box) for j in chosen):
            chosen.append(i)
    return chosen
