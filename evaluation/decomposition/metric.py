"""Predicted and true layer stacks in, the decomposition metric of LayerD out, as its code computes it.

Both stacks are regrouped (grouping.py), matched by dynamic time warping over the costs of all pairs (costs.py,
alignment.py), and then merged greedily, the match anew after each merge (edits.py). Row k is that after k merges; there
are fewer where no merge betters the match any more. Choices that are equal but for rounding: rounding.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluation.decomposition.alignment import Path, accumulated, path
from evaluation.decomposition.alignment import is_tied as path_is_tied
from evaluation.decomposition.costs import Comparison, Comparisons
from evaluation.decomposition.cut import Cut, cuts_of_array, cuts_of_stack
from evaluation.decomposition.edits import Merge, applied, best_merge, gains, is_tied
from evaluation.decomposition.grouping import groups
from evaluation.decomposition.over import flattened
from evaluation.decomposition.rounding import TIE, rounded_comparisons
from schemas.decomposition import Row
from schemas.stack import Stack

MAX_EDITS = 5


@dataclass(frozen=True, eq=False)
class Decomposition:
    """`pred` and `truth` are the regrouped layers, bottom first, `pred_groups` and `truth_groups` what each is made of.

    `comparisons` (rows predictions, columns truth) and `path` are those before the first merge.
    """

    pred: tuple[Cut, ...] = field(repr=False)
    truth: tuple[Cut, ...] = field(repr=False)
    pred_groups: list[list[int]]
    truth_groups: list[list[int]]
    comparisons: list[list[Comparison]] = field(repr=False)
    path: Path
    merges: tuple[Merge, ...]
    rows: list[Row]


def score(
    pred_NHW4: np.ndarray, truth_NHW4: np.ndarray, max_edits: int = MAX_EDITS, gt_editable: bool = True
) -> list[Row]:
    """Of uint8 straight RGBA stacks [layers, height, width, 4] of one size, bottom first.

    `gt_editable`, named as in LayerD, says whether true layers may be merged too; published numbers let them.
    Raises ValueError for stacks of two sizes, of another type, or without layers.
    """
    if pred_NHW4.shape[1:] != truth_NHW4.shape[1:]:
        raise ValueError(f"stacks of shape {pred_NHW4.shape} and {truth_NHW4.shape} are not of one size")
    pred, truth = cuts_of_array(pred_NHW4), cuts_of_array(truth_NHW4)
    height, width = pred_NHW4.shape[1:3]
    return decomposition(pred, truth, width, height, max_edits, gt_editable).rows


def decompose(pred: Stack, truth: Stack, max_edits: int = MAX_EDITS) -> Decomposition:
    """Of stacks of cropped layers; no canvas is filled. Raises ValueError as `score` does."""
    if (pred.width, pred.height) != (truth.width, truth.height):
        sizes = f"{pred.width}x{pred.height} and {truth.width}x{truth.height}"
        raise ValueError(f"stacks of {sizes} px are not of one size")
    return decomposition(cuts_of_stack(pred), cuts_of_stack(truth), pred.width, pred.height, max_edits)


def decomposition(
    pred_layers: Sequence[Cut],
    truth_layers: Sequence[Cut],
    width: int,
    height: int,
    max_edits: int = MAX_EDITS,
    gt_editable: bool = True,
) -> Decomposition:
    """Of layers that are cut already, at least one on each side, all of one canvas."""
    if max_edits < 0:
        raise ValueError(f"max_edits is {max_edits}; it must be at least 0")
    pred_groups, truth_groups = groups(pred_layers), groups(truth_layers)
    pred = [flattened([pred_layers[index] for index in group]) for group in pred_groups]
    truth = [flattened([truth_layers[index] for index in group]) for group in truth_groups]
    exact, rounded = Comparisons(), rounded_comparisons(width, height)
    matched = _match(pred, truth, exact, rounded)
    begun = (tuple(pred), tuple(truth), pred_groups, truth_groups, exact.matrix(pred, truth), matched)
    rows, merges = [_row(pred, truth, matched, exact)], list[Merge]()
    while len(merges) < max_edits:
        merge = _best_merge(pred, truth, matched, gt_editable, exact, rounded)
        if merge is None:
            break
        pred, truth = applied(merge, pred, truth)
        matched = _match(pred, truth, exact, rounded)
        merges.append(merge)
        rows.append(_row(pred, truth, matched, exact))
    return Decomposition(*begun, tuple(merges), rows)


def aggregate(samples: Sequence[Sequence[Row]], max_edits: int = MAX_EDITS) -> list[Row]:
    """The dataset's rows, after 0, 1, ... `max_edits` merges. Raises ValueError where there is no sample."""
    if not samples:
        raise ValueError("there is no sample to take the mean of")
    return [Row(*(float(value) for value in row)) for row in filled(samples, max_edits).mean(axis=0)]


def filled(samples: Sequence[Sequence[Row]], max_edits: int) -> np.ndarray:
    """Float64 [samples, max_edits + 1, 3]: a sample that stopped early keeps its last row, as LayerD aggregates it."""
    return np.array([[rows[min(edits, len(rows) - 1)] for edits in range(max_edits + 1)] for rows in samples])


def _match(pred: Sequence[Cut], truth: Sequence[Cut], exact: Comparisons, rounded: Comparisons) -> Path:
    total = accumulated(_costs(exact.matrix(pred, truth)))
    matched = path(total)
    return path(accumulated(_costs(rounded.matrix(pred, truth)))) if path_is_tied(total, matched, TIE) else matched


def _best_merge(
    pred: Sequence[Cut],
    truth: Sequence[Cut],
    matched: Path,
    gt_editable: bool,
    exact: Comparisons,
    rounded: Comparisons,
) -> Merge | None:
    reverse = [(j, i) for i, j in matched]

    def both_gains(known: Comparisons) -> tuple[list[float], list[float]]:
        return gains(pred, truth, matched, known), gains(truth, pred, reverse, known) if gt_editable else []

    found = both_gains(exact)
    return best_merge(*(both_gains(rounded) if is_tied(*found, TIE) else found))


def _costs(comparisons: Sequence[Sequence[Comparison]]) -> np.ndarray:
    return np.array([[comparison.cost for comparison in line] for line in comparisons])


def _row(pred: Sequence[Cut], truth: Sequence[Cut], matched: Path, exact: Comparisons) -> Row:
    pairs = [exact.of(pred[i], truth[j]) for i, j in matched]
    figures = [(pair.cost, pair.rgb_l1, pair.alpha_iou) for pair in pairs]
    return Row(*(float(mean) for mean in np.mean(figures, 0)))
