"""The samples of a step in, the packs that ranks train on out: within memory, and alike in time.

A pack is what one rank takes at once: one packed sequence. Its tokens are bounded, as memory grows with them; its time
grows with `a * S + b * S ** 2` over its samples of S tokens, and the ranks wait for the slowest in every micro-step.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_SWAPS = 400  # tries to even two packs out; each is cheap


@dataclass(frozen=True)
class Step:
    """`packs[micro_step][rank]` are places in the step's samples; no pack is empty."""

    packs: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def micro_steps(self) -> int:
        return len(self.packs)


def pack_step(tokens: Sequence[int], cost: Sequence[float], ranks: int, budget: int) -> Step:
    """Every sample in exactly one pack of at most `budget` tokens; as few micro-steps as that allows.

    Raises ValueError where a sample alone is over the budget, or there are fewer samples than ranks.
    """
    longest = max(tokens)
    if longest > budget:
        raise ValueError(f"a sample of {longest} tokens is over the budget of {budget} of a pack")
    if len(tokens) < ranks:
        raise ValueError(f"a step of {len(tokens)} samples leaves some of {ranks} ranks without one")
    micro_steps = max(1, -(-sum(tokens) // (budget * ranks)))
    while micro_steps * ranks <= len(tokens):
        bins = _filled(tokens, cost, micro_steps * ranks, budget)
        if bins is not None:
            return _dealt(_evened(bins, tokens, cost, budget), cost, ranks)
        micro_steps += 1
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


def _filled(tokens: Sequence[int], cost: Sequence[float], count: int, budget: int) -> list[list[int]] | None:
    """The dearest sample first, each into the pack that has cost least and has room; None where one finds no room."""
    bins: list[list[int]] = [[] for _ in range(count)]
    room = [budget] * count
    heap = [(0.0, index) for index in range(count)]
    for place in sorted(range(len(cost)), key=lambda place: (-cost[place], place)):
        full = []
        while heap and room[heap[0][1]] < tokens[place]:
            full.append(heapq.heappop(heap))
        if not heap:
            return None
        load, index = heapq.heappop(heap)
        bins[index].append(place)
        room[index] -= tokens[place]
        for entry in (*full, (load + cost[place], index)):
            heapq.heappush(heap, entry)
    return bins


def _evened(bins: list[list[int]], tokens: Sequence[int], cost: Sequence[float], budget: int) -> list[list[int]]:
    """Exchanges samples between the dearest pack and others as long as that brings them nearer the mean."""
    loads = np.array([sum(cost[place] for place in pack) for pack in bins])
    room = np.array([budget - sum(tokens[place] for place in pack) for pack in bins])
    for _ in range(_SWAPS):
        high = int(loads.argmax())
        best = None
        for low in np.argsort(loads, kind="stable")[: len(bins) // 2 + 1].tolist():
            if low == high:
                continue
            for give in bins[high]:
                for take in (None, *bins[low]):
                    shift = cost[give] - (0.0 if take is None else cost[take])
                    more = tokens[give] - (0 if take is None else tokens[take])
                    top = max(loads[high] - shift, loads[low] + shift)
                    empties = take is None and len(bins[high]) == 1
                    fits = not empties and -room[high] <= more <= room[low]
                    if shift > 0 and fits and (best is None or top < best[0]):
                        best = (top, low, give, take, shift, more)
        if best is None or best[0] >= loads[high] * (1 - 1e-9):
            break
        _, low, give, take, shift, more = best
        bins[high].remove(give)
        bins[low].append(give)
        if take is not None:
            bins[low].remove(take)
            bins[high].append(take)
        loads[high] -= shift
        loads[low] += shift
        room[high] += more
        room[low] -= more
    return bins


def _dealt(bins: list[list[int]], cost: Sequence[float], ranks: int) -> Step:
    """Packs of like cost run side by side, the dearest first: what does not fit shows in the first micro-step."""
    bins = [sorted(pack) for pack in bins]
    bins.sort(key=lambda pack: (-sum(cost[place] for place in pack), pack))
    rows = (bins[start : start + ranks] for start in range(0, len(bins), ranks))
    return Step(tuple(tuple(map(tuple, row)) for row in rows))
