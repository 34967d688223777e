"""Comparisons as LayerD's floats round them, for choices that are equal but for rounding.

The sums of costs.py are exact, those of LayerD float64 over the whole canvas, pixel by pixel in numpy's order. They
differ by some 1e-16, which no figure shows; but where two merges or two paths are worth the same, as with equal shapes
in equal colours, it is that rounding that chooses between them. So it is imitated there, and only there: it is slow.
"""

from collections.abc import Sequence

import numpy as np

from evaluation.decomposition.costs import EPSILON, Comparison, Comparisons
from evaluation.decomposition.cut import Cut
from evaluation.decomposition.over import over
from schemas.stack import Box

_ROWS = 64  # of floats that are in memory together
TIE = 1e-12  # nearer to each other than this, two sums of costs may be the same number


def rounded_comparisons(width: int, height: int) -> Comparisons:
    """On a canvas of this size, on which the order of the sums depends."""
    values = np.zeros((height, width))

    def total(box: Box, part: np.ndarray) -> float:
        """Of values on a box, summed as those of the canvas, which are 0 elsewhere."""
        left, top, right, bottom = box
        values[...] = 0
        values[top:bottom, left:right] = part
        return float(values.sum())

    def compare(p: Cut, g: Cut) -> Comparison:
        left, top = min(p.box[0], g.box[0]), min(p.box[1], g.box[1])
        box = (left, top, max(p.box[2], g.box[2]), max(p.box[3], g.box[3]))
        apart, *alphas = np.empty((3, box[3] - top, box[2] - left))
        for y in range(top, box[3], _ROWS):
            rows = (left, y, box[2], min(y + _ROWS, box[3]))
            here = slice(y - top, rows[3] - top)
            ours, theirs = _on(rows, p), _on(rows, g)
            apart[here] = np.abs(ours[..., :3] - theirs[..., :3]).mean(-1)
            alphas[0][here], alphas[1][here] = ours[..., 3], theirs[..., 3]
        union = total(box, np.maximum(*alphas))
        return Comparison(
            total(box, apart * (alphas[1] > 0)) / (g.visible_px + EPSILON),
            total(box, apart * (alphas[0] > 0)) / (p.visible_px + EPSILON),
            total(box, np.minimum(*alphas)) / union if union > 0 else 0.0,
        )

    def compare_merged(lower: Cut, upper: Cut, others: Sequence[Cut]) -> list[Comparison]:
        merged = over(lower, upper)
        return [compare(merged, g) for g in others]

    return Comparisons(compare, compare_merged)


def _on(rows: Box, cut: Cut) -> np.ndarray:
    """Float64 RGBA in [0, 1] of a cut, on rows of a box around it."""
    rgba = np.zeros((rows[3] - rows[1], rows[2] - rows[0], 4))
    left, top, right, bottom = cut.box
    first, last = max(top, rows[1]), min(bottom, rows[3])
    if first < last:
        pixels = cut.pixels[first - top : last - top].view(np.uint8).reshape(last - first, right - left, 4)
        rgba[first - rows[1] : last - rows[1], left - rows[0] : right - rows[0]] = pixels.astype(float) / 255
    return rgba
