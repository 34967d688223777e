"""The backdrop: what has been painted so far in a document, a group or a clipping group.

A picture of it is computed only where a blend mode asks for one, tile by tile: Normal documents never pay.
"""

from collections.abc import Sequence
from copy import copy

import numpy as np
from numba import types

from data_pipeline.boxes import size, union, view
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.kernel import F32_3D, READ_F32_2D, READ_U8_3D, kernel
from schemas.stack import Box

_TILE_PX = 256  # of a tile's side: a small layer asks for little more than itself


@kernel(types.void, F32_3D, READ_U8_3D, READ_F32_2D)
def _paint(canvas: np.ndarray, rgba: np.ndarray, alpha: np.ndarray) -> None:
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            a = alpha[y, x]
            if a <= 0:
                continue
            rest = np.float32(1) - a
            share = a * np.float32(1 / 255)
            canvas[y, x, 0] = rgba[y, x, 0] * share + canvas[y, x, 0] * rest
            canvas[y, x, 1] = rgba[y, x, 1] * share + canvas[y, x, 1] * rest
            canvas[y, x, 2] = rgba[y, x, 2] * share + canvas[y, x, 2] * rest
            canvas[y, x, 3] = a + canvas[y, x, 3] * rest


class Backdrop:
    """Fragments painted on `box`, over another backdrop (pass through) or over nothing (isolated)."""

    def __init__(self, box: Box, below: "Backdrop | None" = None) -> None:
        self.box = box
        self.fragments: list[Fragment] = []
        self._below = below
        self._canvas: np.ndarray | None = None
        self._painted = np.zeros((0, 0), np.int64)  # by tile: how many fragments it shows, -1 before it is begun

    @property
    def is_fork(self) -> bool:
        """Whether it lies over another backdrop, which it does not change."""
        return self._below is not None

    def add(self, fragments: Sequence[Fragment]) -> None:
        """Paint these on top, bottom to top."""
        for fragment in fragments:
            part = fragment.crop(self.box)
            if part is not None:
                self.fragments.append(part)

    def up_to(self, count: int) -> "Backdrop":
        """The backdrop as it was before all but its first fragments."""
        earlier = copy(self)
        earlier.fragments = self.fragments[:count]
        earlier._canvas = None
        return earlier

    def replace_from(self, start: int, fragments: Sequence[Fragment]) -> None:
        """Put these in the place of all fragments from `start` on: what a knockout leaves of them."""
        self.fragments[start:] = fragments
        self._painted[self._painted > start] = -1

    def picture(self, box: Box) -> np.ndarray:
        """Premultiplied float32 RGBA [height, width, 4] on `box`, which must lie inside; read-only."""
        if self._canvas is None:
            height, width = size(self.box)
            self._canvas = np.zeros((height, width, 4), np.float32)  # the system gives memory where it is touched
            self._painted = np.full((-(-height // _TILE_PX), -(-width // _TILE_PX)), -1)
        left, top, right, bottom = self.box
        for row in range((box[1] - top) // _TILE_PX, -((top - box[3]) // _TILE_PX)):
            for column in range((box[0] - left) // _TILE_PX, -((left - box[2]) // _TILE_PX)):
                if self._painted[row, column] < len(self.fragments):
                    x, y = left + column * _TILE_PX, top + row * _TILE_PX
                    tile = (x, y, min(x + _TILE_PX, right), min(y + _TILE_PX, bottom))
                    self._paint_tile(view(self._canvas, self.box, tile), tile, int(self._painted[row, column]))
                    self._painted[row, column] = len(self.fragments)
        return view(self._canvas, self.box, box)

    def _paint_tile(self, canvas: np.ndarray, tile: Box, painted: int) -> None:
        if painted < 0:
            canvas[...] = self._ground(tile)
        for fragment in self.fragments[max(painted, 0) :]:
            part = fragment.crop(tile)
            if part is not None:
                _paint(view(canvas, tile, part.box), part.rgba, part.exact_alpha())

    def _ground(self, tile: Box) -> np.ndarray | float:
        """What the fragments are painted on."""
        return 0.0 if self._below is None else self._below.picture(tile)


def merged(fragments: Sequence[Fragment]) -> Fragment:
    """The fragments, at least one, flattened into one that looks the same over transparency."""
    box = union(fragment.box for fragment in fragments)
    isolated = Backdrop(box)
    isolated.add(fragments)
    picture = isolated.picture(box)
    alpha = picture[..., 3].copy()
    rgba = np.zeros(picture.shape, np.uint8)
    colour = picture[..., :3] / np.maximum(alpha, np.float32(1e-9))[..., np.newaxis]
    rgba[..., :3] = np.rint(np.clip(colour, 0, 1) * 255)
    return Fragment(
        box=box,
        rgba=rgba,
        alpha=alpha,
        layer_ids=tuple(sorted({i for fragment in fragments for i in fragment.layer_ids})),
        baked=any(fragment.baked for fragment in fragments),
        backdrop_dependence=max(fragment.backdrop_dependence for fragment in fragments),
    )


class ClippingBackdrop(Backdrop):
    """What layers clipped to a base blend with: the base's colour, opaque wherever the base is at all."""

    def __init__(self, base: Sequence[Fragment]) -> None:
        super().__init__(union(fragment.box for fragment in base))
        self._base = Backdrop(self.box)
        self._base.add(base)

    def _ground(self, tile: Box) -> np.ndarray:
        flat = self._base.picture(tile)
        alpha = flat[..., 3:]
        return np.divide(flat, alpha, out=np.zeros_like(flat), where=alpha > 0)
