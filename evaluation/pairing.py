"""Two lists of stacks in, pairs of one name out; what has no counterpart is half a pair, not nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from data_pipeline.stack_io.collection import StackRef


@dataclass(frozen=True)
class Pair:
    """The stacks of one name; a side is None where there is none."""

    name: str
    pred: StackRef | None
    truth: StackRef | None


def paired(pred: Sequence[StackRef], truth: Sequence[StackRef], limit: int | None = None) -> list[Pair]:
    """By name, in its order; what has no counterpart is half a pair, not nothing.

    Where both hold one stack alone, they are a pair whatever they are called. `limit` takes the first so many true
    stacks, and no prediction without one.
    """
    if len(pred) == len(truth) == 1:
        return [Pair(truth[0].name, pred[0], truth[0])]
    ours, theirs = {ref.name: ref for ref in pred}, {ref.name: ref for ref in truth}
    names = sorted(theirs)[:limit] if limit is not None else sorted(ours.keys() | theirs.keys())
    return [Pair(name, ours.get(name), theirs.get(name)) for name in names]
