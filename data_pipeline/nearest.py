"""The overlap order and the layer tree in, at most `target` groups of layers out: those nearest in the tree together.

A pair may share a group as long as the groups can still be put in an order that respects every overlap, and the
longest chain of groups stays within the goal. Under both conditions two groups of one level can always be joined, so
the goal is always reached, and never more than it is asked.
"""

from collections.abc import Sequence

import numpy as np
from numba import types

from data_pipeline.kernel import kernel
from data_pipeline.overlap import closure, levels


def nearest_groups(lies_on: np.ndarray, paths: Sequence[tuple[int, ...]], target: int) -> list[list[int]]:
    """Groups in stacking order, each a sorted list of layers; `paths` are the ids of the tree's groups above each.

    There are `max(target, longest chain of overlaps)` of them, or as many as layers where these are fewer.
    """
    count = len(lies_on)
    if count == 0:
        return []
    level = levels(lies_on)
    goal = max(target, int(level.max()) + 1)
    above = closure(lies_on)
    below_count = np.zeros(count, np.int64)  # longest chain that ends here
    below_count[:] = level + 1
    above_count = levels(np.ascontiguousarray(lies_on[::-1, ::-1].T))[::-1] + 1  # longest chain that starts here
    group = np.arange(count)
    if count > goal:
        pairs = _pairs(paths)
        _join(pairs, above, below_count, np.ascontiguousarray(above_count), group, goal)
    return _in_order(group, above)


def _pairs(paths: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Int [P, 2], nearest in the tree first; then by depth of the common group, gap in the stack, and place."""
    count = len(paths)
    length = np.array([len(path) for path in paths])
    depth = int(length.max())
    table = np.full((count, depth), -1, np.int64)
    for layer, path in enumerate(paths):
        table[layer, : len(path)] = path
    lower, upper = np.triu_indices(count, 1)
    common = np.zeros(len(lower), np.int64)
    shared = np.ones(len(lower), np.bool_)
    for step in range(depth):
        shared &= (table[lower, step] == table[upper, step]) & (step < length[lower]) & (step < length[upper])
        common += shared
    distance = length[lower] + length[upper] - 2 * common
    order = np.argsort((distance * (depth + 1) + depth - common) * count + (upper - lower), kind="stable")
    return np.stack([lower[order], upper[order]], axis=1)


@kernel(
    types.void,
    types.int64[:, ::1],
    types.bool_[:, ::1],
    types.int64[::1],
    types.int64[::1],
    types.int64[::1],
    types.int64,
)
def _join(
    pairs: np.ndarray, above: np.ndarray, below_count: np.ndarray, above_count: np.ndarray, group: np.ndarray, goal: int
) -> None:
    """Joins pair after pair; `group[i]` becomes the first layer of i's group, `above` the order of the groups.

    A refused pair stays refused, since joining only adds to the order: one pass is enough.
    """
    count = len(group)
    left = count
    for k in range(len(pairs)):
        if left <= goal:
            return
        a, b = group[pairs[k, 0]], group[pairs[k, 1]]
        if a == b or above[a, b] or above[b, a]:
            continue
        if max(below_count[a], below_count[b]) + max(above_count[a], above_count[b]) - 1 > goal:
            continue
        if b < a:
            a, b = b, a
        for i in range(count):
            if group[i] == b:
                group[i] = a
        left -= 1
        lower = np.empty(count, np.int64)
        upper = np.empty(count, np.int64)
        lower_count = upper_count = 0
        for i in range(count):
            if group[i] != i:
                continue
            if above[i, a] or above[i, b]:
                above[i, a] = True
                lower[lower_count] = i
                lower_count += 1
            if above[a, i] or above[b, i]:
                above[a, i] = True
                upper[upper_count] = i
                upper_count += 1
        for m in range(lower_count):
            for n in range(upper_count):
                above[lower[m], upper[n]] = True
        below_count[a] = max(below_count[a], below_count[b])
        above_count[a] = max(above_count[a], above_count[b])
        # The order among those above (and among those below) is as before, so their old counts sort them.
        upper = upper[:upper_count][np.argsort(below_count[upper[:upper_count]], kind="mergesort")]
        for m in range(upper_count):
            longest = below_count[a]
            for n in range(m):
                if above[upper[n], upper[m]]:
                    longest = max(longest, below_count[upper[n]])
            below_count[upper[m]] = max(below_count[upper[m]], longest + 1)
        lower = lower[:lower_count][np.argsort(above_count[lower[:lower_count]], kind="mergesort")]
        for m in range(lower_count):
            longest = above_count[a]
            for n in range(m):
                if above[lower[m], lower[n]]:
                    longest = max(longest, above_count[lower[n]])
            above_count[lower[m]] = max(above_count[lower[m]], longest + 1)


def _in_order(group: np.ndarray, above: np.ndarray) -> list[list[int]]:
    """Groups sorted so that all overlaps are respected; where that leaves a choice, by their lowest layer."""
    heads = np.flatnonzero(group == np.arange(len(group)))
    order = above[np.ix_(heads, heads)]
    waiting = order.sum(axis=0)
    result = []
    for _ in heads:
        k = int(np.argmax(waiting == 0))
        waiting[k] = -1
        waiting[order[k]] -= 1
        result.append([int(i) for i in np.flatnonzero(group == heads[k])])
    return result
