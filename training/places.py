"""Indexes and a seed in, which sample is taken at each position of the VAE stage out, and who takes which positions.

Every sample serves: a picture is all that is asked of it. Those that `data.skip` names are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.configuration import RunConfig
from training.data_options import Source
from training.index import Index
from training.order import Order
from training.work import Packs


@dataclass(frozen=True)
class Place:
    """Sample `index` of source `source`, at a `position` of the run."""

    position: int
    source: int
    index: int


class Places:
    """`rows` are those of each source's index that are used. ValueError where a source has none."""

    def __init__(self, indexes: Sequence[Index], sources: Sequence[Source], skip: Sequence[str], seed: int) -> None:
        self.rows = tuple(np.flatnonzero(~index.is_named(skip)) for index in indexes)
        for source, rows in zip(sources, self.rows, strict=True):
            if not len(rows):
                raise ValueError(f"{source.where} holds no sample that data.skip does not name")
        self.order = Order(list(map(len, self.rows)), [source.weight for source in sources], seed)

    def at(self, position: int) -> Place:
        drawn = self.order.at(position)
        return Place(position, drawn.source, int(self.rows[drawn.source][drawn.index]))


def step_of(places: Places, config: RunConfig, groups: int, step: int) -> Packs:
    """Crops are alike in size, so they are dealt out by number, to `groups` ranks."""
    batch = config.schedule.batch
    positions = np.arange(step * batch, (step + 1) * batch)
    parts = np.array_split(positions, micro_steps(config, groups) * groups)
    packs = [tuple(places.at(position) for position in part.tolist()) for part in parts]
    return tuple(tuple(packs[first : first + groups]) for first in range(0, len(packs), groups))


def micro_steps(config: RunConfig, groups: int) -> int:
    """ValueError where some rank would have no crop in one."""
    if not is_dealt(config, groups):
        raise ValueError(
            f"schedule.batch is {config.schedule.batch}, which leaves some of {groups} ranks without a crop in a "
            f"micro-step; make it a multiple of {groups}"
        )
    return _rounds(config, groups)


def is_dealt(config: RunConfig, groups: int) -> bool:
    """Whether every rank has a crop in every micro-step."""
    return _rounds(config, groups) * groups <= config.schedule.batch


def most_crops(config: RunConfig, groups: int) -> int:
    """That a rank takes at once."""
    return -(-config.schedule.batch // (micro_steps(config, groups) * groups))


def _rounds(config: RunConfig, groups: int) -> int:
    return -(-config.schedule.batch // (config.vae.micro_batch * groups))
