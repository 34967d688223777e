"""Comparisons as LayerD's floats round them, for choices that are equal but for rounding.

The sums of costs.py are exact, those of LayerD float64 over the whole canvas, pixel by pixel in numpy's order. They
differ by some 1e-16, which no figure shows; but where two merges or two paths are worth the same, as with equal shapes
in equal colours, it is that rounding that chooses between them. So it is imitated there, and only there: it is slow.
"""

from collections.abc import Sequence

import numpy as np

from evaluation.costs import EPSILON, Comparison, Comparisons
from evaluation.cut import Cut
from evaluation.over import over
from schemas.stack import Box

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
        ours, theirs = _on(box, p), _on(box, g)
        apart = np.abs(ours[..., :3] - theirs[..., :3]).mean(-1)
        alphas = ours[..., 3], theirs[..., 3]
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


def _on(box: Box, cut: Cut) -> np.ndarray:
    """Float64 RGBA in [0, 1] of a cut, on a box around it."""
    rgba = np.zeros((box[3] - box[1], box[2] - box[0], 4))
    left, top, right, bottom = cut.box
    pixels = cut.pixels.view(np.uint8).reshape(*cut.pixels.shape, 4)
    rgba[top - box[1] : bottom - box[1], left - box[0] : right - box[0]] = pixels.astype(float) / 255
    return rgba
