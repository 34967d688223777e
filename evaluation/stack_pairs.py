"""Where true stacks lie and where predicted ones do in; what belongs together by name out."""

import os
from dataclasses import dataclass

from data_pipeline.stack_io.collection import StackRef, stacks_in
from schemas.stack import Stack


@dataclass(frozen=True)
class Pair:
    """`pred` is None where no prediction has the name."""

    truth: StackRef
    pred: StackRef | None

    @property
    def name(self) -> str:
        return self.truth.name

    def read_pred(self) -> Stack:
        """Raises ValueError, which names the file, where there is none or it cannot be read."""
        if self.pred is None:
            raise ValueError(f"there is no prediction of {self.truth.where}")
        return self.pred.read()


def paired(truth: str | os.PathLike[str], pred: str | os.PathLike[str]) -> tuple[list[Pair], int]:
    """A pair for each true stack, and how many predictions have no truth. One stack on either side is a pair.

    Raises ValueError where there are no stacks, or no name is on both sides.
    """
    truths, preds = stacks_in(truth), stacks_in(pred)
    if len(truths) == len(preds) == 1:
        return [Pair(truths[0], preds[0])], 0
    by_name = {ref.name: ref for ref in preds}
    pairs = [Pair(ref, by_name.get(ref.name)) for ref in truths]
    found = sum(one.pred is not None for one in pairs)
    if not found:
        raise ValueError(
            f"no stack of {pred} is called as one of {truth}; there is {preds[0].name!r} here, {truths[0].name!r} there"
        )
    return pairs, len(preds) - found
