"""Two layers in, how far they are apart out: RGB L1, alpha IoU and their mean, the cost.

    RGB L1 = sum(mean over channels of |p - g|, where g is visible) / (number of those pixels + 1e-8)
    IoU    = sum(min(alpha)) / sum(max(alpha)), 0 where both are empty
    cost   = (RGB L1 + 1 - IoU) / 2

with values in [0, 1] and visible meaning alpha above 0. The sums are whole numbers, exact, and are taken over the
common part of the two boxes: elsewhere one layer is 0, and |p - g| is the other's colour, whose sum its cut knows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import types

from data_pipeline.kernel import READ_PIXELS, kernel
from evaluation.decomposition.cut import Cut, sums
from evaluation.decomposition.over import strips_over
from schemas.stack import Box

_CHANNEL_SUM = 3 * 255  # of red, green and blue in 1/255, in their mean in [0, 1]
EPSILON = 1e-8

Sums = tuple[int, int, int]


@dataclass(frozen=True)
class Comparison:
    """Of a layer p with a layer g: `rgb_l1` is taken where g is visible, `rgb_l1_reversed` where p is."""

    rgb_l1: float
    rgb_l1_reversed: float
    alpha_iou: float

    @property
    def cost(self) -> float:
        return (self.rgb_l1 + (1 - self.alpha_iou)) / 2

    @property
    def reversed(self) -> "Comparison":
        """Of g with p."""
        return Comparison(self.rgb_l1_reversed, self.rgb_l1, self.alpha_iou)


def compare(p: Cut, g: Cut) -> Comparison:
    """Both lie on one canvas."""
    return _comparison((p.visible_px, p.colour, p.alpha), g, _common(p.box, p.pixels, g))


def compare_merged(lower: Cut, upper: Cut, others: Sequence[Cut]) -> list[Comparison]:
    """Of `over(lower, upper)` with each of the others, without making it: strip by strip, each read from the cache."""
    own: Sums = (0, 0, 0)
    common: list[Sums] = [(0, 0, 0)] * len(others)
    for box, strip in strips_over(lower, upper):
        own = _added(own, sums(strip))
        common = [_added(before, _common(box, strip, g)) for before, g in zip(common, others, strict=True)]
    return [_comparison(own, g, shared) for g, shared in zip(others, common, strict=True)]


class Comparisons:
    """What has been compared so far, so that an edit costs only what it touches."""

    def __init__(
        self,
        compare: Callable[[Cut, Cut], Comparison] = compare,
        compare_merged: Callable[[Cut, Cut, Sequence[Cut]], list[Comparison]] = compare_merged,
    ) -> None:
        self._compare, self._compare_merged = compare, compare_merged
        self._known: dict[tuple[Cut, Cut], Comparison] = {}
        self._merged: dict[tuple[Cut, Cut, Cut], Comparison] = {}

    def of(self, p: Cut, g: Cut) -> Comparison:
        if (p, g) not in self._known:
            self._known[p, g] = self._compare(p, g)
            self._known[g, p] = self._known[p, g].reversed
        return self._known[p, g]

    def of_merged(self, lower: Cut, upper: Cut, others: Sequence[Cut]) -> list[Comparison]:
        """Of the merge of two layers with each of the others."""
        new = [g for g in dict.fromkeys(others) if (lower, upper, g) not in self._merged]
        for g, comparison in zip(new, self._compare_merged(lower, upper, new) if new else (), strict=True):
            self._merged[lower, upper, g] = comparison
        return [self._merged[lower, upper, g] for g in others]

    def matrix(self, pred: Sequence[Cut], truth: Sequence[Cut]) -> list[list[Comparison]]:
        """Rows predictions, columns truth."""
        return [[self.of(p, g) for g in truth] for p in pred]


def _added(a: Sums, b: Sums) -> Sums:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _comparison(own: Sums, g: Cut, common: Sums) -> Comparison:
    """`own` is (visible pixels, their colour, alpha) of p, `common` what `_sums` gives."""
    visible_px, colour, alpha = own
    in_g, in_p, common_alpha = common
    all_alpha = alpha + g.alpha - common_alpha
    return Comparison(
        (g.colour + in_g) / _CHANNEL_SUM / (g.visible_px + EPSILON),
        (colour + in_p) / _CHANNEL_SUM / (visible_px + EPSILON),
        common_alpha / all_alpha if all_alpha else 0.0,
    )


def _common(box: Box, pixels: np.ndarray, g: Cut) -> Sums:
    left, top = max(box[0], g.box[0]), max(box[1], g.box[1])
    width, height = min(box[2], g.box[2]) - left, min(box[3], g.box[3]) - top
    if width <= 0 or height <= 0:
        return (0, 0, 0)
    return _sums(pixels, g.pixels, top - box[1], left - box[0], top - g.box[1], left - g.box[0], height, width)


@kernel(
    types.UniTuple(types.int64, 3),
    READ_PIXELS,
    READ_PIXELS,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
)
def _sums(
    ps: np.ndarray, gs: np.ndarray, p_top: int, p_left: int, g_top: int, g_left: int, height: int, width: int
) -> tuple[int, int, int]:
    """Sums of (|p - g| - g where g is visible, |p - g| - p where p is, min(alpha)) in units of 1/255."""
    byte = np.uint32(255)
    none = np.int32(0)
    in_g, in_p, common_alpha = 0, 0, 0
    for y in range(height):
        p_row = ps[p_top + y, p_left : p_left + width]
        g_row = gs[g_top + y, g_left : g_left + width]
        n_g, n_p, n_alpha = none, none, none
        for x in range(width):
            p, g = p_row[x], g_row[x]
            pr, gr = np.int32(p & byte), np.int32(g & byte)
            pg, gg = np.int32((p >> np.uint32(8)) & byte), np.int32((g >> np.uint32(8)) & byte)
            pb, gb = np.int32((p >> np.uint32(16)) & byte), np.int32((g >> np.uint32(16)) & byte)
            pa, ga = np.int32(p >> np.uint32(24)), np.int32(g >> np.uint32(24))
            apart = np.int32(abs(pr - gr) + abs(pg - gg) + abs(pb - gb))
            n_g += apart - np.int32(gr + gg + gb) if ga > 0 else none
            n_p += apart - np.int32(pr + pg + pb) if pa > 0 else none
            n_alpha += min(pa, ga)
        in_g += int(n_g)
        in_p += int(n_p)
        common_alpha += int(n_alpha)
    return in_g, in_p, common_alpha
