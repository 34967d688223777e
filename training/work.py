"""What a stage trains, as the loop sees it: a plan of packs, how a pack is read, and the losses of one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from training.distributed import Ranks
from training.shown import Shown

Packs = tuple[tuple[tuple[Any, ...], ...], ...]  # items, by micro-step and rank


@dataclass(frozen=True, eq=False)
class Losses:
    """`samples_B` are the losses of a pack's samples, each a mean over its own elements; the step's loss is their sum
    over all ranks and micro-steps, divided by the step's samples. `parts` are sums over the samples, to be looked at.

    Under sequence parallelism each is this rank's share, and all ranks' together are the whole.
    """

    samples_B: Tensor = field(repr=False)
    parts: Mapping[str, Tensor] = field(repr=False, default_factory=dict)


class Work(Protocol):
    """`module` is what is trained; called with what `prepare` returned, it returns `Losses`."""

    module: nn.Module

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of `Losses.parts`, the same in every pack."""

    def plan(self, step: int) -> Packs:
        """What every rank takes in every micro-step of a step: a pure function of the configuration."""

    def reader(self) -> Callable[[Sequence[Any]], Any]:
        """Reads a pack's pixels and texts; goes to worker processes. ValueError that names what cannot be read."""

    def prepare(self, read: Any, device: torch.device) -> Any:
        """What `module` takes, on its device."""

    def notices(self) -> list[str]:
        """What a person should know before the first step, such as what is left out."""

    def keys(self, pack: Sequence[Any]) -> list[str]:
        """How people find the samples of a pack: shard and key."""

    def tokens(self, pack: Sequence[Any]) -> int:
        """By which throughput is counted."""

    def flops(self, pack: Sequence[Any]) -> float:
        """Useful operations, forward and backward."""

    def validate(self, ranks: Ranks) -> dict[str, float]:
        """Losses on held-out samples, over all ranks; the same whenever it is asked with the same weights."""

    def pictures(self, ranks: Ranks) -> list[Shown]:
        """What the network makes of some held-out samples, on all ranks; the same with the same weights."""

    def after_step(self, step: int) -> None:
        """What follows an update of `module`'s weights, such as a step of a discriminator."""

    def extra(self) -> dict[str, Tensor]:
        """What a checkpoint keeps beside `module`'s state; the same on all ranks."""

    def load_extra(self, tensors: Mapping[str, Tensor]) -> None:
        """The inverse of `extra`."""

    def frozen(self) -> str:
        """A fingerprint of the networks that are used and not trained: a run goes on with the same ones."""

    def export(self, weights: Mapping[str, Tensor], folder: Path) -> None:
        """Writes a folder of diffusers' layout with these weights of `module`, whole or not at all."""
