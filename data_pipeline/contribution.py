"""A layer stack -> its composite, and what that loses without each layer; then which layers are kept.

Leaving layer i out changes the premultiplied composite by `T_i * a_i * |c_i - B_i|`, with T_i the
transmittance of what lies above and B_i the backdrop below. One pass down for T, one pass up for B, in
strips: the cost is the area of the boxes, not its product with the number of layers.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numba import types

from data_pipeline.compose import CANVAS, ROWS, finish, paint, rows_within, strips
from data_pipeline.kernel import kernel
from schemas.stack import Stack

_ROUNDS = 16
_STRICTLY_NOTHING = 1e-5  # of full intensity: float32 rounding

_PLANE = types.Array(types.float32, 2, "C")


@dataclass(frozen=True, eq=False)
class Contributions:
    """Per layer: on how many pixels the composite differs without it, by how much on their average (in
    1/255, of the channel that differs most), and whether it is kept."""

    visible_px: np.ndarray
    mean_difference: np.ndarray
    kept: np.ndarray


@kernel(types.void, _PLANE, ROWS, types.intp, types.intp, _PLANE)
def _transmit(transmitted: np.ndarray, rgba: np.ndarray, top: int, left: int, above: np.ndarray) -> None:
    """Note what lies above a layer, then dim what lies below it."""
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            t = transmitted[top + y, left + x]
            above[y, x] = t
            transmitted[top + y, left + x] = t * (np.float32(1) - rgba[y, x, 3] * np.float32(1 / 255))


@kernel(types.UniTuple(types.float64, 4), CANVAS, ROWS, types.intp, types.intp, _PLANE, types.float32)
def _difference(
    canvas: np.ndarray, rgba: np.ndarray, top: int, left: int, above: np.ndarray, same: np.float32
) -> tuple[float, float, float, float]:
    """(pixels that differ by more than `same`, sum of their differences, largest T * a, largest a * |c - B|)."""
    visible_px, total = 0, 0.0
    shown, change = np.float32(0), np.float32(0)
    scale = np.float32(1 / 255)
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            if rgba[y, x, 3] == 0:
                continue
            a = rgba[y, x, 3] * scale
            share = a * scale
            below = canvas[top + y, left + x]
            worst = max(
                max(abs(rgba[y, x, 0] * share - a * below[0]), abs(rgba[y, x, 1] * share - a * below[1])),
                max(abs(rgba[y, x, 2] * share - a * below[2]), a - a * below[3]),
            )
            t = above[y, x]
            shown = max(shown, t * a)
            change = max(change, worst)
            if t * worst > same:
                visible_px += 1
                total += t * worst
    return visible_px, total, shown, change


class _Measured:
    """What each layer contributes in each strip, measured again where a layer is dropped."""

    def __init__(self, stack: Stack, same: float) -> None:
        self._stack = stack
        self._same = np.float32(same)
        self._strips = list(strips(stack.width, stack.height))
        count = len(stack.layers)
        self._figures = np.zeros((len(self._strips), count, 4))
        self.composite = np.empty((stack.height, stack.width, 4), np.uint8)
        everything = np.ones(count, bool)
        for index in range(len(self._strips)):
            self._measure(index, everything, keep_picture=True)

    def _measure(self, index: int, kept: np.ndarray, keep_picture: bool) -> None:
        top, bottom = self._strips[index]
        parts = []
        for i in np.flatnonzero(kept):
            layer = self._stack.layers[i]
            part = rows_within(layer, top, bottom)
            if part is not None:
                parts.append((i, part[0], part[1], layer.box[0], np.empty(part[0].shape[:2], np.float32)))
        transmitted = np.ones((bottom - top, self._stack.width), np.float32)
        for _, rgba, row, column, above in reversed(parts):
            _transmit(transmitted, rgba, row, column, above)
        canvas = np.zeros((bottom - top, self._stack.width, 4), np.float32)
        self._figures[index] = 0
        for i, rgba, row, column, above in parts:
            self._figures[index, i] = _difference(canvas, rgba, row, column, above, self._same)
            paint(canvas, rgba, row, column)
        if keep_picture:
            finish(canvas, self.composite[top:bottom])

    def again(self, dropped: Collection[int], kept: np.ndarray) -> None:
        """Measure the strips that dropped layers reach into."""
        boxes = [self._stack.layers[i].box for i in dropped]
        for index, (top, bottom) in enumerate(self._strips):
            if any(box[1] < bottom and top < box[3] for box in boxes):
                self._measure(index, kept, keep_picture=False)

    def visible_px(self) -> np.ndarray:
        return self._figures[..., 0].sum(axis=0).astype(np.int64)

    def difference(self) -> np.ndarray:
        return self._figures[..., 1].sum(axis=0)

    def shown(self) -> np.ndarray:
        return self._figures[..., 2].max(axis=0)

    def change(self) -> np.ndarray:
        return self._figures[..., 3].max(axis=0)


def contributions(stack: Stack, min_visible_px: int, min_difference: float) -> tuple[np.ndarray, Contributions]:
    """The composite of the whole stack (as `compose`), and what is kept of it.

    A layer that changes fewer than `min_visible_px` pixels by more than `min_difference` (in 1/255) is
    dropped, against the backdrop of what is kept: of two identical opaque layers one survives. Layers that
    others hide altogether go first and together, then layers that change nothing they lie on, together;
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
    for nothing in (measured.shown(), measured.change()):
        together = np.flatnonzero(candidates & (nothing <= _STRICTLY_NOTHING))
        if together.size:
            return together.tolist()
    chosen: list[int] = []
    for i in np.flatnonzero(candidates).tolist():
        box = stack.layers[i].box
        if not any(_touch(box, stack.layers[j].box) for j in chosen):
            chosen.append(i)
    return chosen


def _touch(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
