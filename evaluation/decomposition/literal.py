"""The decomposition metric as its text says it, with Pillow and numpy over whole canvases: what tests and the benchmark
hold `evaluation.decomposition.metric` against.

Slow, and of one piece on purpose: it shares nothing with the other but the rows it returns.
"""

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
from PIL import Image

from schemas.decomposition import Row

Cost = Callable[[Image.Image, Image.Image], float]


def literal_score(
    pred_NHW4: np.ndarray, truth_NHW4: np.ndarray, max_edits: int = 5, gt_editable: bool = True
) -> list[Row]:
    """As `evaluation.decomposition.metric.score`."""
    pred, truth = _regrouped(pred_NHW4), _regrouped(truth_NHW4)
    path = _aligned(pred, truth)
    rows = [_row(pred, truth, path)]
    for _ in range(max_edits):
        ours = _best_merge(pred, truth, path)
        theirs = _best_merge(truth, pred, [(j, i) for i, j in path]) if gt_editable else None
        if ours is None and theirs is None:
            break
        if theirs is None or (ours is not None and ours[0] > theirs[0]):
            assert ours is not None, "one of the two is there"
            pred = _with_merged(pred, ours[1])
        else:
            truth = _with_merged(truth, theirs[1])
        path = _aligned(pred, truth)
        rows.append(_row(pred, truth, path))
    return rows


def rgb_l1(p: Image.Image, g: Image.Image) -> float:
    ours, theirs = np.asarray(p) / 255, np.asarray(g) / 255
    mask = theirs[..., 3] > 0
    return float((np.abs(ours[..., :3] - theirs[..., :3]).mean(-1) * mask).sum() / (mask.sum() + 1e-8))


def alpha_iou(p: Image.Image, g: Image.Image) -> float:
    ours, theirs = np.asarray(p)[..., 3] / 255, np.asarray(g)[..., 3] / 255
    union = np.maximum(ours, theirs).sum()
    return float(np.minimum(ours, theirs).sum() / union) if union > 0 else 0.0


def cost(p: Image.Image, g: Image.Image) -> float:
    return (rgb_l1(p, g) + (1 - alpha_iou(p, g))) / 2


def literal_groups(rgba_NHW4: np.ndarray) -> list[list[int]]:
    visible = rgba_NHW4[..., 3] > 0
    remaining = list(range(len(rgba_NHW4)))
    peels = []
    while remaining:
        peel = [i for i in remaining if not any((visible[i] & visible[j]).any() for j in remaining if j > i)]
        peels.append(peel)
        remaining = [i for i in remaining if i not in peel]
    return peels[::-1]


def _regrouped(rgba_NHW4: np.ndarray) -> list[Image.Image]:
    layers = [Image.fromarray(rgba) for rgba in rgba_NHW4]
    return [reduce(Image.alpha_composite, [layers[i] for i in group]) for group in literal_groups(rgba_NHW4)]


def _aligned(pred: Sequence[Image.Image], truth: Sequence[Image.Image]) -> list[tuple[int, int]]:
    best: dict[tuple[int, int], tuple[float, list[tuple[int, int]]]] = {}
    for i, p in enumerate(pred):
        for j, g in enumerate(truth):
            here = cost(p, g)
            before = [best[step] for step in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if step in best]
            total, path = min(before, key=lambda one: one[0]) if before else (0.0, [])
            best[i, j] = (total + here, [*path, (i, j)])
    return best[len(pred) - 1, len(truth) - 1][1]


def _best_merge(
    own: Sequence[Image.Image], other: Sequence[Image.Image], path: Sequence[tuple[int, int]]
) -> tuple[float, int] | None:
    """(gain, index)."""

    def s(layer: Image.Image, partners: Sequence[Image.Image]) -> float:
        return sum(1 - cost(layer, partner) for partner in partners)

    best: tuple[float, int] | None = None
    for i in range(len(own) - 1) if len(own) > 2 else ():
        below = [other[partner] for index, partner in path if index == i]
        above = [other[partner] for index, partner in path if index == i + 1]
        m = Image.alpha_composite(own[i], own[i + 1])
        options = [s(m, below) + s(m, above)]
        if i + 2 < len(own):
            options += [s(m, below) + s(own[i + 2], below), s(m, below) + s(own[i + 2], above)]
        gain = max(options) - (s(own[i], below) + s(own[i + 1], above))
        if gain > 0 and (best is None or gain > best[0]):
            best = (gain, i)
    return best


def _with_merged(side: list[Image.Image], i: int) -> list[Image.Image]:
    return [*side[:i], Image.alpha_composite(side[i], side[i + 1]), *side[i + 2 :]]


def _row(pred: Sequence[Image.Image], truth: Sequence[Image.Image], path: Sequence[tuple[int, int]]) -> Row:
    pairs = [(pred[i], truth[j]) for i, j in path]
    return Row(*(float(np.mean([measure(p, g) for p, g in pairs])) for measure in (cost, rgb_l1, alpha_iou)))
