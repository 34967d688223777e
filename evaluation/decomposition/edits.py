"""Two matched stacks in, the one merge of neighbours that betters the match most out, on either side.

For neighbours i and i + 1 of a side with the partners A and B on the path, s(x, S) is the sum of 1 - cost(x, partner)
over S. The merge m gains `max(s(m,A) + s(m,B), s(m,A) + s(i+2,A), s(m,A) + s(i+2,B)) - s(i,A) - s(i+1,B)`, the last two
only where there is an i + 2, and is worth trying only where that is above 0.

The side that is tried is given to the cost as its first argument, the truth too, as LayerD's code does: when true
layers are merged, the mask of the RGB L1 comes from the predicted ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evaluation.decomposition.alignment import Path
from evaluation.decomposition.costs import Comparison, Comparisons
from evaluation.decomposition.cut import Cut
from evaluation.decomposition.over import over

_KEPT = 2  # a side of so many layers or fewer is not merged


@dataclass(frozen=True)
class Merge:
    """Layers `index` and `index + 1` of a side become one."""

    side: str  # pred | truth
    index: int
    gain: float


def gains(own: Sequence[Cut], other: Sequence[Cut], path: Path, known: Comparisons) -> list[float]:
    """Of merging each layer of a side with the next; none where a side is as small as it may get.

    `path` pairs a layer of `own` with one of `other`.
    """
    if len(own) <= _KEPT:
        return []
    partners = [[other[j] for i, j in path if i == index] for index in range(len(own))]
    return [_gain(own[index : index + 3], partners[index], partners[index + 1], known) for index in range(len(own) - 1)]


def best_merge(pred_gains: Sequence[float], truth_gains: Sequence[float]) -> Merge | None:
    """The largest gain; within a side the lowest of equals, between the sides the truth. None where nothing gains."""
    ours, theirs = max(pred_gains, default=0.0), max(truth_gains, default=0.0)
    if max(ours, theirs) <= 0:
        return None
    if ours > theirs:
        return Merge("pred", pred_gains.index(ours), ours)
    return Merge("truth", truth_gains.index(theirs), theirs)


def is_tied(pred_gains: Sequence[float], truth_gains: Sequence[float], tie: float) -> bool:
    """Whether the largest gain is nearer than `tie` to another one, or to none at all."""
    ordered = sorted([*pred_gains, *truth_gains, 0.0], reverse=True)
    return len(ordered) > 1 and ordered[0] - ordered[1] < tie


def applied(merge: Merge, pred: list[Cut], truth: list[Cut]) -> tuple[list[Cut], list[Cut]]:
    """Both stacks after the merge."""
    if merge.side == "pred":
        return _merged(pred, merge.index), truth
    return pred, _merged(truth, merge.index)


def _merged(side: list[Cut], index: int) -> list[Cut]:
    return [*side[:index], over(side[index], side[index + 1]), *side[index + 2 :]]


def _gain(layers: Sequence[Cut], below: Sequence[Cut], above: Sequence[Cut], known: Comparisons) -> float:
    """Of merging the first two; the third, where there is one, may take over partners of either."""
    lower, upper, *nexts = layers
    merged = known.of_merged(lower, upper, [*below, *above])
    options = [_similarity(merged[len(below) :])]
    options += [_similarity(known.of(layer, g) for g in group) for layer in nexts for group in (below, above)]
    now = _similarity(known.of(lower, g) for g in below) + _similarity(known.of(upper, g) for g in above)
    return _similarity(merged[: len(below)]) + max(options) - now


def _similarity(comparisons: Iterable[Comparison]) -> float:
    return sum(1 - comparison.cost for comparison in comparisons)
