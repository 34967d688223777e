"""Samples of a step in, the pack of each out: filled, and evened until micro-steps end sooner. Compiled.

All arithmetic is of whole numbers, so that every rank finds the same packs, whatever machine it runs on. Packs
`row * ranks ..` are those of micro-step `row`, which run side by side.
"""

import numpy as np
from numba import types

from data_pipeline.kernel import inlined, kernel

_MOVES = 3  # of ten tries; the others are exchanges
_COOLING = 100  # the first threshold: a micro-step's length / _COOLING
_LOOK = 256  # tries between two looks at how good it is

_WHOLE = types.int64[::1]
_READ_WHOLE = types.Array(types.int64, 1, "C", readonly=True)


@inlined
def _slowest(load: np.ndarray, row: int, ranks: int) -> int:
    most = load[row * ranks]
    for pack in range(row * ranks + 1, (row + 1) * ranks):
        most = max(most, load[pack])
    return most


@inlined
def _next(state: np.uint64) -> np.uint64:
    """Xorshift (Marsaglia, 2003)."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    return state


@kernel(types.bool_, _WHOLE, _READ_WHOLE, _READ_WHOLE, _READ_WHOLE, types.int64, types.int64, types.int64)
def fill(
    pack_of: np.ndarray, order: np.ndarray, tokens: np.ndarray, cost: np.ndarray, rows: int, ranks: int, budget: int
) -> bool:
    """Puts samples, in this order, each where its micro-step grows least; False where one finds no room.

    No pack is left empty or over `budget`; of packs that are alike in this, the one that has cost least.
    """
    load = np.zeros(rows * ranks, np.int64)
    room = np.full(rows * ranks, budget, np.int64)
    slowest = np.zeros(rows, np.int64)
    empty = rows * ranks
    for turn in range(len(order)):
        place = order[turn]
        must_open = len(order) - turn <= empty  # each pack needs a sample
        least, growth_of_least = np.int64(-1), np.int64(0)
        for pack in range(rows * ranks):
            if room[pack] < tokens[place] or (must_open and load[pack] > 0):
                continue
            growth = max(np.int64(0), load[pack] + cost[place] - slowest[pack // ranks])
            is_less = growth < growth_of_least or (growth == growth_of_least and load[pack] < load[least])
            if least < 0 or is_less:
                least, growth_of_least = np.int64(pack), growth
        if least < 0:
            return False
        empty -= load[least] == 0
        pack_of[place] = least
        load[least] += cost[place]
        room[least] -= tokens[place]
        slowest[least // ranks] += growth_of_least
    return True


@kernel(types.void, _WHOLE, _READ_WHOLE, _READ_WHOLE, types.int64, types.int64, types.int64, types.int64, types.int64)
def even(
    pack_of: np.ndarray, tokens: np.ndarray, cost: np.ndarray, rows: int, ranks: int, budget: int, good: int, tries: int
) -> None:
    """Betters `pack_of` in place by threshold accepting (Dueck and Scheuer, 1990): a random move or exchange of samples
    is kept where the step becomes no longer than by a threshold that falls to 0.

    No pack is left empty or over `budget`. Ends after so many tries, or where the step is no longer than `good`.
    """
    load = np.zeros(rows * ranks, np.int64)
    count = np.zeros(rows * ranks, np.int64)
    room = np.full(rows * ranks, budget, np.int64)
    for place in range(len(pack_of)):
        load[pack_of[place]] += cost[place]
        count[pack_of[place]] += 1
        room[pack_of[place]] -= tokens[place]
    slowest = np.empty(rows, np.int64)
    for row in range(rows):
        slowest[row] = _slowest(load, row, ranks)
    length = slowest.sum()
    best, best_of = length, pack_of.copy()
    threshold_at_first = length // (_COOLING * rows)
    state = np.uint64(88172645463325252)
    for turn in range(tries):
        if turn % _LOOK == 0 and best <= good:
            break
        left = tries - turn
        threshold = threshold_at_first * left // tries * left // tries * left // tries
        state = _next(state)
        give = np.int64(state % np.uint64(len(pack_of)))
        home = pack_of[give]
        state = _next(state)
        moves = state % np.uint64(10) < np.uint64(_MOVES)
        state = _next(state)
        if moves:
            take = np.int64(-1)
            away = np.int64(state % np.uint64(rows * ranks))
            shift, more = cost[give], tokens[give]
        else:
            take = np.int64(state % np.uint64(len(pack_of)))
            away = pack_of[take]
            shift, more = cost[give] - cost[take], tokens[give] - tokens[take]
        if away == home or more > room[away] or -more > room[home] or (moves and count[home] == 1):
            continue
        load[home] -= shift
        load[away] += shift
        one, other = home // ranks, away // ranks
        one_new = _slowest(load, one, ranks)
        longer = one_new - slowest[one]
        other_new = one_new
        if other != one:
            other_new = _slowest(load, other, ranks)
            longer += other_new - slowest[other]
        if longer > threshold:
            load[home] += shift
            load[away] -= shift
            continue
        slowest[one], slowest[other] = one_new, other_new
        length += longer
        room[home] += more
        room[away] -= more
        pack_of[give] = away
        if moves:
            count[home] -= 1
            count[away] += 1
        else:
            pack_of[take] = home
        if length < best:
            best = length
            best_of[:] = pack_of
    pack_of[:] = best_of
