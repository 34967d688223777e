"""The samples of a step in, the packs that ranks train on out: within memory, and alike in time.

A pack is what one rank takes at once: one packed sequence. Its tokens are bounded, as memory grows with them; its time
grows with `a * S + b * S ** 2` over its samples of S tokens, and the ranks wait for the slowest in every micro-step.
So the packs of one micro-step are made alike, while micro-steps may differ: long samples, which cost more a token than
short ones, run side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.balance import even, fill

_TRIES = 400_000  # to even packs out: 20 ms or so
_GOOD = 0.002  # of imbalance, which is not bettered further
_UNIT = 1 << 40  # whole units of the dearest sample's cost: sums of them are the same on every machine


@dataclass(frozen=True)
class Step:
    """`packs[micro_step][rank]` are places in the step's samples; no pack is empty."""

    packs: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def micro_steps(self) -> int:
        return len(self.packs)


def pack_step(tokens: Sequence[int], cost: Sequence[float], ranks: int, budget: int) -> Step:
    """Every sample in exactly one pack of at most `budget` tokens; as few micro-steps as that allows.

    Raises ValueError where a sample alone is over the budget, or there are fewer samples than ranks; and where samples
    find no room, which cannot be where their number is a multiple of the ranks, or two of the longest fit a pack.
    """
    longest = max(tokens)
    if longest > budget:
        raise ValueError(f"a sample of {longest} tokens is over the budget of {budget} of a pack")
    if len(tokens) < ranks:
        raise ValueError(f"a step of {len(tokens)} samples leaves some of {ranks} ranks without one")
    lengths, dear = np.asarray(tokens, np.int64), np.asarray(cost, float)
    costs = np.rint(dear / dear.max() * _UNIT).astype(np.int64)
    rows = max(1, -(-sum(tokens) // (budget * ranks)))
    order, pack_of = np.lexsort((-costs, -lengths)), np.empty(len(tokens), np.int64)  # the longest first
    while rows * ranks <= len(tokens):
        if fill(pack_of, order, lengths, costs, rows, ranks, budget):
            good = int(costs.sum() * (1 + _GOOD) / ranks)
            even(pack_of, lengths, costs, rows, ranks, budget, good, _TRIES)
            return _dealt(pack_of, costs, rows, ranks)
        rows += 1
    # As many packs as samples, or nearly: one each, the rest where there is room.
    raise ValueError(
        f"{len(tokens)} samples cannot be dealt to {ranks} ranks within {budget} tokens a pack; "
        "raise the budget, or make the batch a multiple of the ranks"
    )


def imbalance(step: Step, cost: Sequence[float]) -> float:
    """How much longer the step takes than if every rank had the same to do: 0 is perfect."""
    slowest = total = 0.0
    for micro_step in step.packs:
        loads = [sum(cost[place] for place in pack) for pack in micro_step]
        slowest += max(loads)
        total += sum(loads) / len(loads)
    return slowest / total - 1


def _dealt(pack_of: np.ndarray, cost: np.ndarray, rows: int, ranks: int) -> Step:
    """The dearest micro-step first, and in it the dearest pack: what does not fit shows there."""
    packs = [tuple(np.flatnonzero(pack_of == pack).tolist()) for pack in range(rows * ranks)]
    order = sorted(range(rows * ranks), key=lambda pack: (-int(cost[list(packs[pack])].sum()), packs[pack]))
    dealt: dict[int, list[tuple[int, ...]]] = {}
    for pack in order:
        dealt.setdefault(pack // ranks, []).append(packs[pack])
    return Step(tuple(map(tuple, dealt.values())))
