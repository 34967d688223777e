"""Indexes of a held-out split in, the samples that a network is tried on out: the same ones whenever it is asked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from torch import nn

from training.configuration import RunConfig
from training.index import Index
from training.recipes import Planned
from training.tasks import draw, shape_of, unusable

SEED = 0x7E57  # its own, so that runs of any seed are held against the same noise, and crops


def without_chance(config: RunConfig) -> RunConfig:
    """Nothing is merged, and captions are dropped only where training never shows one."""
    never = config.tasks.caption_dropout == 1
    return replace(config, tasks=replace(config.tasks, caption_dropout=float(never), merge=0.0))


def chosen(indexes: Sequence[Index], config: RunConfig, token_px: int, count: int) -> list[Planned]:
    """The first that a run can use, in turn from each index; at most `count`."""
    planned: list[Planned] = []
    longest = max(map(len, indexes), default=0)
    for row, source in ((row, source) for row in range(longest) for source in range(len(indexes))):
        if len(planned) == count:
            break
        if row >= len(indexes[source]):
            continue
        facts = indexes[source].facts(row)
        if unusable(facts, config) is not None:
            continue
        position = len(planned)
        recipe = draw(facts, config.tasks, config.data, SEED, position)
        planned.append(Planned(position, source, row, recipe, shape_of(recipe, facts, token_px)))
    return planned


def rounds(planned: Sequence[Planned], part: int, parts: int) -> Iterator[tuple[Planned, bool]]:
    """What one of `parts` takes in turn, and whether it counts: all take as many, as under ZeRO-3 they gather weights
    together, so that some go through a sample that another takes."""
    for place in range(part, -(-len(planned) // parts) * parts, parts):
        yield planned[place % len(planned)], place < len(planned)


@contextmanager
def evaluated(module: nn.Module) -> Iterator[None]:
    """Within it the network does not train; afterwards it does as before."""
    was_training = module.training
    module.eval()
    yield
    module.train(was_training)
