"""Indexes and a configuration in, the packs of every step out: decided in advance, a pure function of both."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.configs import MmditConfig
from model.flops import forward_flops
from training.configuration import RunConfig
from training.index import Index
from training.order import Order
from training.packs import pack_step
from training.recipes import Planned
from training.tasks import draw, shape_of, unusable
from training.work import Packs


@dataclass(frozen=True)
class Excluded:
    """A sample that no task of the run can use, and why."""

    source: int
    index: int
    reason: str


class Planner:
    """`ranks` are those that train on samples of their own. `usable[source]` are rows of its index.

    Raises ValueError where a source holds nothing of use.
    """

    def __init__(
        self, indexes: Sequence[Index], config: RunConfig, ranks: int, network: MmditConfig, stride: int
    ) -> None:
        self._indexes, self._config, self._ranks, self._network = indexes, config, ranks, network
        self._token_px = stride * network.patch
        self.usable: list[list[int]] = []
        self.excluded: list[Excluded] = []
        for source, index in enumerate(indexes):
            reasons = [unusable(index.facts(row), config) for row in range(len(index))]
            self.usable.append([row for row, reason in enumerate(reasons) if reason is None])
            self.excluded += [Excluded(source, row, reason) for row, reason in enumerate(reasons) if reason is not None]
        weights = [source.weight for source in config.data.sources]
        self._order = Order([len(rows) for rows in self.usable], weights, config.seed)

    def step(self, step: int) -> Packs:
        """`[micro_step][rank]` of samples; positions `step * batch` and on."""
        batch = self._config.schedule.batch
        planned = [self.at(position) for position in range(step * batch, (step + 1) * batch)]
        tokens = [one.shape.tokens for one in planned]
        cost = [float(forward_flops([one.shape], self._network)) for one in planned]
        packed = pack_step(tokens, cost, self._ranks, self._config.data.pack_tokens)
        return tuple(tuple(tuple(planned[place] for place in pack) for pack in row) for row in packed.packs)

    def at(self, position: int) -> Planned:
        drawn = self._order.at(position)
        row = self.usable[drawn.source][drawn.index]
        facts = self._indexes[drawn.source].facts(row)
        recipe = draw(facts, self._config.tasks, self._config.data, self._config.seed, position)
        return Planned(position, drawn.source, row, recipe, shape_of(recipe, facts, self._token_px))
