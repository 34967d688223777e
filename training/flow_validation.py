"""Held-out samples in, their losses at nine fixed noise levels out: by task, by level and by the number of layers.

The same samples, noise and levels whenever it is asked, and no random number of the training is drawn.
"""

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import nn

from model.configs import MmditConfig
from training.batches import Encoded, Encoders, encode, flow_batch
from training.configuration import RunConfig
from training.data import Reader
from training.distributed import Ranks
from training.held_out import SEED, chosen, evaluated, rounds, without_chance
from training.index import Index
from training.recipes import Planned

SIGMAS = tuple(tenth / 10 for tenth in range(1, 10))


class FlowValidation:
    """`indexes` are of the held-out split; samples are taken in turn from each, in order."""

    def __init__(self, indexes: Sequence[Index], config: RunConfig, encoders: Encoders, network: MmditConfig) -> None:
        self._config, self._encoders, self._network = without_chance(config), encoders, network
        self._read = Reader(indexes)
        token_px = encoders.vae.config.stride * network.patch
        self._planned = chosen(indexes, self._config, token_px, config.validation.samples)
        self._packs = _packs(self._planned, config)

    def __len__(self) -> int:
        return len(self._planned)

    @torch.no_grad()
    def losses(self, module: nn.Module, ranks: Ranks) -> dict[str, float]:
        """Means over samples and levels, over all ranks; nothing where there is no held-out sample."""
        sums: dict[str, float] = defaultdict(float)
        counts: dict[str, float] = defaultdict(float)
        share = 1 / ranks.sequence_parallel  # each of a sequence group counts the sample
        with evaluated(module):
            for one, is_own in rounds(self._planned, ranks.group, ranks.groups):
                (encoded,) = encode(self._read([one]), self._encoders, ranks.device)
                losses = [loss for levels in self._packs for loss in self._at(levels, encoded, module, ranks)]
                for name, part in _by_name(one, losses) if is_own else ():
                    sums[name] += sum(part)
                    counts[name] += len(part) * share
        return _over_ranks(sums, counts, self._names(), ranks)

    def _at(self, sigmas: Sequence[float], encoded: Encoded, module: nn.Module, ranks: Ranks) -> list[float]:
        """A sample's losses at these noise levels, in one pack."""
        batch = flow_batch(
            [encoded] * len(sigmas), self._config.flow, self._config.tasks.composite_weight, SEED,
            self._network.patch, ranks, sigmas,
        )  # fmt: skip
        return list(module(batch).samples_B.double().tolist())

    def _names(self) -> list[str]:
        """The same on every rank."""
        return sorted({name for one in self._planned for name, _ in _by_name(one, [0.0] * len(SIGMAS))})


def _packs(planned: Sequence[Planned], config: RunConfig) -> list[tuple[float, ...]]:
    """The noise levels at which a sample is tried at once: as many as a pack has room for, the same for every sample,
    as under ZeRO-3 all ranks call the network as often."""
    budget = config.data.pack_tokens * config.engine.sequence_parallel
    longest = max((one.shape.tokens for one in planned), default=1)
    count = max(1, min(len(SIGMAS), budget // longest))
    return [SIGMAS[first : first + count] for first in range(0, len(SIGMAS), count)]


def _by_name(one: Planned, losses: Sequence[float]) -> list[tuple[str, Sequence[float]]]:
    named: list[tuple[str, Sequence[float]]] = [("loss", losses), (f"loss/{one.recipe.task}", losses)]
    named += [(f"loss/sigma_{sigma:.1f}", [loss]) for sigma, loss in zip(SIGMAS, losses, strict=True)]
    if one.recipe.task.is_layered:
        named.append((f"loss/layers_{one.recipe.frames - 1:02d}", losses))
    return named


def _over_ranks(
    sums: dict[str, float], counts: dict[str, float], names: Sequence[str], ranks: Ranks
) -> dict[str, float]:
    if not names:
        return {}
    both = torch.tensor([[sums[name] for name in names], [counts[name] for name in names]], dtype=torch.float64)
    total, count = ranks.summed(both).tolist()
    return {name: total[at] / count[at] for at, name in enumerate(names)}
