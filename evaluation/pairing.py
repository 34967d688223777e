"""Two lists of stacks in, pairs of one name out; what has no counterpart is half a pair, not nothing."""

from collections.abc import Sequence

from data_pipeline.stack_io.collection import StackRef
from evaluation.measuring import Pair


def paired(pred: Sequence[StackRef], truth: Sequence[StackRef], limit: int | None = None) -> list[Pair]:
    """By name, in its order. Where both hold one stack alone, they are a pair whatever they are called.

    `limit` takes the first so many true stacks, and no prediction without one.
    """
    if len(pred) == len(truth) == 1:
        return [Pair(truth[0].name, pred[0], truth[0])]
    ours, theirs = {ref.name: ref for ref in pred}, {ref.name: ref for ref in truth}
    names = sorted(theirs)[:limit] if limit is not None else sorted(ours.keys() | theirs.keys())
    return [Pair(name, ours.get(name), theirs.get(name)) for name in names]
