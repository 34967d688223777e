"""The least that the loop can train: a small network on samples that are drawn from their position."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from training.configuration import RunConfig
from training.packs import pack_step
from training.shown import Shown
from training.work import Losses


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(7, 33), nn.Linear(33, 5)
        self.unused = nn.Linear(3, 3)  # as the last text stream of the transformer: no loss depends on it

    def forward(self, batch) -> Losses:
        x, y, lengths = batch
        error = (self.last(torch.tanh(self.first(x))).float() - y).square().mean(1)
        samples = torch.stack([part.mean() for part in error.split(lengths)])
        return Losses(samples, {"half": samples.sum() / 2})


@dataclass(frozen=True)
class Read:
    """What is read of a pack: targets follow from inputs, so that there is something to learn."""

    bad: tuple[int, ...] = ()

    def __call__(self, pack: Sequence[int]):
        parts = [self.sample(position) for position in pack]
        return torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts]), [len(x) for x, _ in parts]

    def sample(self, position: int):
        generator = torch.Generator().manual_seed(1000 + position)
        x = torch.randn(length_of(position), 7, generator=generator)
        y = torch.stack([x[:, k] * x[:, k + 1] for k in range(5)], dim=1)
        return x, y * float("nan") if position in self.bad else y


def length_of(position: int) -> int:
    return 1 + (position * 7) % 5


class ToyWork:
    parts = ("half",)

    def __init__(self, config: RunConfig, groups: int, bad: tuple[int, ...] = ()) -> None:
        torch.manual_seed(0)
        self.module = Net()
        self._config, self._groups, self._bad = config, groups, bad

    def plan(self, step: int):
        batch = self._config.schedule.batch
        positions = range(step * batch, (step + 1) * batch)
        lengths = [length_of(position) for position in positions]
        made = pack_step(lengths, lengths, self._groups, 8)
        return tuple(tuple(tuple(positions[at] for at in pack) for pack in row) for row in made.packs)

    def reader(self):
        return Read(self._bad)

    def prepare(self, read, device):
        x, y, lengths = read
        return x.to(self.module.first.weight.dtype), y, lengths

    def keys(self, pack):
        return [f"toy-000000.tar {position:016x}" for position in pack]

    def tokens(self, pack):
        return sum(map(length_of, pack))

    def flops(self, pack):
        return 1.0

    def validate(self, ranks):
        torch.randn(3)  # a careless work, whose numbers must not matter
        return {"loss": 1.0}

    def pictures(self, ranks):
        torch.randn(3)
        weight = self.module.first.weight.detach().float()
        return [Shown("toy", "", {"weight": float(weight.sum())}, np.zeros((4, 4, 3), np.uint8))]

    def after_step(self, step):
        """Nothing follows."""

    def extra(self):
        return {"counter": torch.tensor([3.0])}

    def load_extra(self, tensors):
        assert tensors["counter"].item() == 3.0

    def frozen(self):
        return "none"

    def export(self, weights, folder: Path):
        folder.mkdir()
        save_file({name: tensor.clone() for name, tensor in weights.items()}, folder / "weights.safetensors")
