"""A seed and a position in the run in, the sample that is trained on there out: a pure function, of both alone.

Every source is gone through in epochs, each in an order of its own; sources take turns by their weights. Nothing
depends on ranks, workers or where a run was stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

_CYCLE = 1024  # positions in which every source has its share, as nearly as whole numbers allow


@dataclass(frozen=True)
class Draw:
    """Sample `index` of source `source`, in its `epoch`-th round, counted from 0."""

    source: int
    index: int
    epoch: int


class Order:
    """`sizes` are the samples of each source, `weights` how often they are drawn from, relative to each other."""

    def __init__(self, sizes: Sequence[int], weights: Sequence[float], seed: int) -> None:
        """Raises ValueError for a source without samples, or weights that are not positive and finite."""
        if not sizes or len(sizes) != len(weights):
            raise ValueError(f"{len(sizes)} sources have {len(weights)} weights; each needs one")
        for source, (size, weight) in enumerate(zip(sizes, weights, strict=True)):
            if size < 1:
                raise ValueError(f"source {source} holds no sample")
            if not 0 < weight < float("inf"):
                raise ValueError(f"source {source} has the weight {weight}; it must be positive")
        self._sizes = tuple(sizes)
        self._seed = seed
        self._shares = _shares(np.asarray(weights, float))
        self._permutation = lru_cache(maxsize=2 * len(sizes))(self._shuffled)
        self._turns = lru_cache(maxsize=4)(self._turns_of)

    def at(self, position: int) -> Draw:
        """What is drawn at a position, 0 being the first of the run."""
        cycle, place = divmod(position, _CYCLE)
        sources, ranks = self._turns(cycle)
        source = int(sources[place])
        drawn = cycle * int(self._shares[source]) + int(ranks[place])
        epoch, within = divmod(drawn, self._sizes[source])
        return Draw(source, int(self._permutation(source, epoch)[within]), epoch)

    def drawn(self, positions: int) -> tuple[int, ...]:
        """How many samples of each source are drawn at the first so many positions."""
        cycles, rest = divmod(positions, _CYCLE)
        within = np.bincount(self._turns(cycles)[0][:rest], minlength=len(self._sizes))
        return tuple((cycles * self._shares + within).tolist())

    def _turns_of(self, cycle: int) -> tuple[np.ndarray, np.ndarray]:
        """(source, which of its turns in the cycle) of every position of a cycle."""
        sources = np.repeat(np.arange(len(self._sizes)), self._shares)
        sources = _generator(self._seed, 0, cycle).permutation(sources)
        ranks = np.empty(_CYCLE, np.int64)
        for source, share in enumerate(self._shares):
            ranks[sources == source] = np.arange(share)
        return sources, ranks

    def _shuffled(self, source: int, epoch: int) -> np.ndarray:
        return _generator(self._seed, 1 + source, epoch).permutation(self._sizes[source])


def _generator(seed: int, stream: int, round_: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, stream, round_))))


def _shares(weights: np.ndarray) -> np.ndarray:
    """Whole turns of each source in a cycle, by largest remainder; one at least."""
    if len(weights) > _CYCLE:
        raise ValueError(f"{len(weights)} sources; {_CYCLE} can take turns")
    exact = weights / weights.sum() * (_CYCLE - len(weights))
    shares = np.floor(exact).astype(np.int64)
    left = _CYCLE - len(weights) - int(shares.sum())
    shares[np.argsort(shares - exact, kind="stable")[:left]] += 1
    return shares + 1
