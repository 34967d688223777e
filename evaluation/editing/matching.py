"""A predicted and a true stack in, the predicted layer that stands for each true one out.

One to one, so that the fewest stay alone and, among such, the costs of the decomposition metric
(evaluation/decomposition/costs.py) sum to least. Layers match whose alpha IoU reaches a half, the usual threshold of
detection: what covers less shares more with other things than with the layer, and cannot be edited in its place. The
order of layers plays no part, but between equals the one nearest in the order is taken, so that a stack matches itself
layer by layer.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from evaluation.decomposition.costs import compare
from evaluation.decomposition.cut import Cut, cuts_of_stack
from schemas.stack import Stack

MIN_IOU = 0.5
_ORDER = 1e-9  # times places apart: decides between equals alone


def matches(pred: Stack, truth: Stack) -> tuple[int | None, ...]:
    """For each true layer, bottom first, the index of the predicted one; None where none matches.

    Raises ValueError where a stack has no layers, or the canvases differ.
    """
    if (pred.width, pred.height) != (truth.width, truth.height):
        sizes = f"{pred.width} x {pred.height} px where {truth.width} x {truth.height} px are due"
        raise ValueError(f"the canvas is {sizes}")
    ours, theirs = cuts_of_stack(pred), cuts_of_stack(truth)
    alone = float(len(ours) + len(theirs))  # more than all costs together
    costs = np.full((len(ours), len(theirs)), alone)
    for i, p in enumerate(ours):
        for j, g in enumerate(theirs):
            cost = _cost(p, g)
            if cost is not None:
                costs[i, j] = cost + _ORDER * abs(i - j)
    found: list[int | None] = [None] * len(theirs)
    for i, j in zip(*linear_sum_assignment(costs), strict=True):
        if costs[i, j] < alone:
            found[j] = int(i)
    return tuple(found)


def _cost(p: Cut, g: Cut) -> float | None:
    """None where they do not match. The sums of alpha bound the IoU, so that few pairs are compared by pixel."""
    if min(p.alpha, g.alpha) < MIN_IOU * max(p.alpha, g.alpha) or not g.alpha:
        return None
    comparison = compare(p, g)
    return comparison.cost if comparison.alpha_iou >= MIN_IOU else None
