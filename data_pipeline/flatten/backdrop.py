"""The backdrop: what has been painted so far in a document, a group or a clipping group.

A picture of it is computed only where a blend mode asks for one, tile by tile: Normal documents never pay.
"""

from collections.abc import Sequence
from copy import copy

import numpy as np
from numba import types

from data_pipeline.boxes import intersect, size, union, view
from data_pipeline.flatten.adjustments.recolour import Adjustment, Faded, Ground, recoloured
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.fragment import Fragment, lay_on
from data_pipeline.flatten.weights import NOTHING, total_alpha
from data_pipeline.kernel import NO_PLANE, READ_ANY_PIXELS, READ_F32_2D, kernel
from schemas.stack import Box

_TILE_PX = 256  # of a tile's side: a small layer asks for little more than itself


@kernel(
    types.intp,
    types.int64[::1],
    types.int64[::1],
    READ_ANY_PIXELS,
    READ_F32_2D,
    types.float32[::1],
    types.float32[:, ::1],
)
def _gather(
    xs: np.ndarray, ys: np.ndarray, pixels: np.ndarray, alpha: np.ndarray, light: np.ndarray, seen: np.ndarray
) -> int:
    """Add what points see of a fragment through what lies above it. Returns how many still see further down.

    Points are counted from the fragment's corner; `alpha` is empty where that of `pixels` holds.
    """
    open_points = 0
    height, width = pixels.shape
    for k in range(len(xs)):
        x, y = xs[k], ys[k]
        if light[k] > 0 and 0 <= x < width and 0 <= y < height:
            pixel = pixels[y, x]
            a = alpha[y, x] if alpha.size else np.float32(pixel >> np.uint32(24)) * np.float32(1 / 255)
            share = light[k] * a * np.float32(1 / 255)
            seen[k, 0] += np.float32(pixel & np.uint32(255)) * share
            seen[k, 1] += np.float32((pixel >> np.uint32(8)) & np.uint32(255)) * share
            seen[k, 2] += np.float32((pixel >> np.uint32(16)) & np.uint32(255)) * share
            seen[k, 3] += light[k] * a
            light[k] *= np.float32(1) - a
        open_points += light[k] > 0
    return open_points


class Backdrop:
    """Fragments painted on `box`, over another backdrop (pass through) or over nothing (isolated).

    One that `keeps_adjustments` sees the backdrop below, and changes none of its colours.
    """

    def __init__(self, box: Box, below: "Backdrop | None" = None, *, keeps_adjustments: bool = False) -> None:
        self.box = box
        self.is_adjusted = False
        self._keeps_adjustments = keeps_adjustments
        self._adjusted_ground: np.ndarray | None = None
        self.fragments: list[Fragment] = []
        self.adjustments: tuple[Adjustment | Faded, ...] = ()  # of a fork: what will happen to the backdrop below it
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

    def adjust(self, adjustment: Adjustment | Faded) -> None:
        """Change the colours of all that shows here, and of what shows through from below."""
        before, after = self._adjust_ground(adjustment)
        self.fragments = recoloured(self.fragments, adjustment, before, after)
        self._canvas = None
        self.is_adjusted = True

    def _adjust_ground(self, adjustment: Adjustment | Faded) -> tuple[Ground, Ground]:
        """The ground before and after."""
        if self._below is None or self._keeps_adjustments:
            return _nothing, _nothing
        before = self._below.picture(self.box) if self._adjusted_ground is None else self._adjusted_ground
        part = intersect(self.box, adjustment.box)
        if part is None:
            return self._ground_at, self._ground_at
        after = before.copy()
        view(after, self.box, part)[...] = adjustment.on(view(before, self.box, part), part)
        self.adjustments = (*self.adjustments, adjustment)
        self._adjusted_ground = after
        return lambda box: view(before, self.box, box), lambda box: view(after, self.box, box)

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

    def at(self, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        """The picture at single points inside: premultiplied float32 RGBA [n, 4]. Paints nothing."""
        seen, light = np.zeros((len(xs), 4), np.float32), np.ones(len(xs), np.float32)
        self._look(xs, ys, light, seen)
        return seen

    def _look(self, xs: np.ndarray, ys: np.ndarray, light: np.ndarray, seen: np.ndarray) -> None:
        """Add to `seen` what shows at the points through what lies above, which leaves `light`."""
        around = (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
        for fragment in reversed(self.fragments):
            if intersect(fragment.box, around) is None:
                continue
            alpha = NO_PLANE if fragment.alpha is None else fragment.alpha
            pixels = fragment.rgba.view("<u4")[..., 0]
            if not _gather(xs - fragment.box[0], ys - fragment.box[1], pixels, alpha, light, seen):
                return
        self._look_below(xs, ys, light, seen)

    def _look_below(self, xs: np.ndarray, ys: np.ndarray, light: np.ndarray, seen: np.ndarray) -> None:
        if self._adjusted_ground is not None:
            seen += light[:, np.newaxis] * self._adjusted_ground[ys - self.box[1], xs - self.box[0]]
        elif self._below is not None:
            self._below._look(xs, ys, light, seen)

    def _paint_tile(self, canvas: np.ndarray, tile: Box, painted: int) -> None:
        if painted < 0:
            canvas[...] = self._ground(tile)
        for fragment in self.fragments[max(painted, 0) :]:
            part = fragment.crop(tile)
            if part is not None:
                lay_on(view(canvas, tile, part.box), part.rgba, part.exact_alpha())

    def _ground(self, tile: Box) -> np.ndarray | float:
        """What the fragments are painted on."""
        if self._adjusted_ground is not None:
            return view(self._adjusted_ground, self.box, tile)
        return 0.0 if self._below is None else self._below.picture(tile)

    def _ground_at(self, box: Box) -> np.ndarray:
        return np.broadcast_to(np.float32(self._ground(box)), (*size(box), 4))


def _nothing(box: Box) -> np.ndarray:
    return np.broadcast_to(np.float32(0), (*size(box), 4))


def adjust_below(inner: Backdrop, coverage: Coverage, around: Backdrop) -> None:
    """What a group's adjustments change of the backdrop around it, on which its fragments will lie.

    Let m be the group's coverage and a the alpha of all in it. Of the backdrop, 1 - m stays and m * (1 - a) is
    changed, under fragments that leave 1 - m * a of it: changed is the share m * (1 - a) / (1 - m * a).
    """
    if not inner.adjustments:
        return
    box = inner.box
    if inner.fragments and not coverage.is_full:
        m, a = coverage.on(box), total_alpha(inner.fragments, box)
        coverage = Coverage(0.0, box, m * (1 - a) / np.maximum(1 - m * a, NOTHING))
    around.adjust(Faded(inner.adjustments, coverage, box))


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
        excess=max(fragment.excess for fragment in fragments),
    )


class ClippingBackdrop(Backdrop):
    """What layers clipped to a base blend with: the base's colour, opaque wherever the base is at all."""

    def __init__(self, base: Sequence[Fragment]) -> None:
        super().__init__(union(fragment.box for fragment in base))
        self._base = Backdrop(self.box)
        self._base.add(base)

    @property
    def base(self) -> list[Fragment]:
        """The base in the colours that adjustments clipped to it have given it."""
        return self._base.fragments

    def _adjust_ground(self, adjustment: Adjustment | Faded) -> tuple[Ground, Ground]:
        earlier = self._base
        self._base = Backdrop(self.box)
        self._base.add(earlier.fragments)
        self._base.adjust(adjustment)
        return lambda box: _opaque(earlier.picture(box)), self._ground

    def _ground(self, tile: Box) -> np.ndarray:
        return _opaque(self._base.picture(tile))

    def _look_below(self, xs: np.ndarray, ys: np.ndarray, light: np.ndarray, seen: np.ndarray) -> None:
        seen += light[:, np.newaxis] * _opaque(self._base.at(xs, ys))


def _opaque(premultiplied: np.ndarray) -> np.ndarray:
    """The same colours at alpha 1, wherever there is any alpha."""
    alpha = premultiplied[..., 3:]
    return np.divide(premultiplied, alpha, out=np.zeros_like(premultiplied), where=alpha > 0)
