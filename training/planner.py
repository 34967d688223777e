"""Indexes and a configuration in, every step of a run out: which samples, what is made of them, in packs for each rank.

A pure function of configuration and step. Whatever is wrong with the data is said when it is made, not at a late step.
"""

from collections.abc import Sequence

import numpy as np

from model.configs import MmditConfig
from model.flops import forward_flops
from training.configuration import RunConfig
from training.eligible import Eligible, eligible
from training.index import Index, SampleFacts
from training.order import Order
from training.packs import pack_step
from training.recipes import Planned, Recipe
from training.tasks import draw, shape_of, variant
from training.work import Packs

_NAMED = 3  # examples in a message


class Planner:
    """`ranks` are those that take packs of their own: those that share a sequence count as one, and have the room of
    all of them. `network` and `stride`, the VAE's, say what a sample takes.

    `samples` says of each source what is used and what is not. ValueError where there is no sample for a source, fewer
    than a batch, or one that might be too long for a pack.
    """

    def __init__(
        self, indexes: Sequence[Index], config: RunConfig, ranks: int, network: MmditConfig, stride: int
    ) -> None:
        self._indexes, self._config, self._ranks, self._network = tuple(indexes), config, ranks, network
        self._token_px = stride * network.patch
        self.budget = config.data.pack_tokens * config.engine.sequence_parallel
        self.samples = tuple(eligible(index, config, self._token_px) for index in indexes)
        self._check()
        weights = [source.weight for source in config.data.sources]
        self.order = Order([len(one.rows) for one in self.samples], weights, config.seed)

    def step(self, step: int) -> Packs:
        """`Planned` samples by micro-step and rank; together they are the same for any number of ranks."""
        batch = self._config.schedule.batch
        planned = [self._planned(position) for position in range(step * batch, (step + 1) * batch)]
        tokens = [one.shape.tokens for one in planned]
        packed = pack_step(tokens, [self.cost(one) for one in planned], self._ranks, self.budget)
        return tuple(tuple(tuple(planned[place] for place in pack) for pack in row) for row in packed.packs)

    def cost(self, planned: Planned) -> float:
        """Of the forward pass, in FLOPs; the rest of a step costs alike."""
        return float(forward_flops([planned.shape], self._network))

    def _planned(self, position: int) -> Planned:
        drawn = self.order.at(position)
        row = int(self.samples[drawn.source].rows[drawn.index])
        facts = self._indexes[drawn.source].facts(row)
        recipe = self._recipe(facts, drawn.epoch, position)
        return Planned(position, drawn.source, row, recipe, shape_of(recipe, facts, self._token_px))

    def _recipe(self, facts: SampleFacts, visit: int, position: int) -> Recipe:
        tasks, data = self._config.tasks, self._config.data
        if data.variants:
            return variant(facts, tasks, data, visit % data.variants)
        return draw(facts, tasks, data, self._config.seed, position)

    def _check(self) -> None:
        batch, sources = self._config.schedule.batch, self._config.data.sources
        if len(sources) != len(self._indexes):
            raise ValueError(f"data.sources names {len(sources)} sources, and there are {len(self._indexes)} indexes")
        if batch < self._ranks:
            raise ValueError(
                f"schedule.batch is {batch}, for {self._ranks} ranks; it must be {self._ranks} or more, "
                "as every rank takes a sample"
            )
        for source, one in zip(sources, self.samples, strict=True):
            if not len(one.rows):
                raise ValueError(
                    f"{source.where} holds no sample that stage {self._config.stage} can use: {_told(one)}"
                )
        usable = sum(len(one.rows) for one in self.samples)
        if usable < batch:
            left_out = "; ".join(filter(None, map(_told, self.samples)))
            raise ValueError(
                f"{usable} samples can be used, fewer than schedule.batch, {batch}; "
                f"left out: {left_out or 'none'}. Lower schedule.batch, or give more data"
            )
        self._check_lengths()

    def _check_lengths(self) -> None:
        longest = max(int(one.most_tokens.max()) for one in self.samples)
        over = [
            self._indexes[source].name(int(row))
            for source, one in enumerate(self.samples)
            for row in one.rows[one.most_tokens > self.budget][:_NAMED]
        ]
        shared = self._config.engine.sequence_parallel
        if over:
            count = sum(int(np.count_nonzero(one.most_tokens > self.budget)) for one in self.samples)
            raise ValueError(
                f"{count} samples may take more tokens than a pack has, {self.budget}, and up to {longest}: "
                f"{', '.join(over[:_NAMED])}{', ...' if count > _NAMED else ''}; "
                f"set data.pack_tokens to {-(-longest // shared)} or more, "
                "or lower data.resolutions, data.max_layers or tasks.most_blanks"
            )
        batch = self._config.schedule.batch
        if batch % self._ranks and 2 * longest > self.budget:
            raise ValueError(
                f"schedule.batch is {batch}, for {self._ranks} ranks, and samples of up to {longest} tokens may not "
                f"share a pack of {self.budget}: make the batch a multiple of {self._ranks}, "
                f"or data.pack_tokens {-(-2 * longest // shared)} or more"
            )


def _told(samples: Eligible) -> str:
    return ", ".join(f"{len(rows)} {reason}" for reason, rows in samples.excluded.items())
