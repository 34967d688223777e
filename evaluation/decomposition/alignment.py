"""A matrix of costs in, the cheapest path through it out: dynamic time warping with both ends pinned."""

import numpy as np

Path = list[tuple[int, int]]


def accumulated(costs: np.ndarray) -> np.ndarray:
    """Float64 [N, M]: the cost of the cheapest path from (0, 0) to each cell, both included."""
    total = np.array(costs, np.float64)
    total[0] = np.cumsum(total[0])
    total[:, 0] = np.cumsum(total[:, 0])
    for i in range(1, total.shape[0]):
        for j in range(1, total.shape[1]):
            total[i, j] += min(total[i - 1, j - 1], total[i - 1, j], total[i, j - 1])
    return total


def path(total: np.ndarray) -> Path:
    """(row, column) of each pair, from (0, 0) on. Of equal predecessors the diagonal wins, then the row above."""
    pairs = [(total.shape[0] - 1, total.shape[1] - 1)]
    while pairs[-1] != (0, 0):
        pairs.append(min(_before(pairs[-1]), key=lambda step: float(total[step])))
    return pairs[::-1]


def is_tied(total: np.ndarray, pairs: Path, tie: float) -> bool:
    """Whether somewhere on the path two predecessors are nearer to each other than `tie`, and to the best."""
    for pair in pairs[1:]:
        best, *others = sorted(float(total[step]) for step in _before(pair))
        if others and others[0] - best < tie:
            return True
    return False


def _before(pair: tuple[int, int]) -> Path:
    i, j = pair
    return [step for step in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if min(step) >= 0]
