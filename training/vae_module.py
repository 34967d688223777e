"""Crops and noise in, the losses of the VAE out: what the VAE stage trains.

Legend: B crops, C channels of the picture (4, or 3 of an RGB VAE), H W pixels, h w latent cells, z latent channels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from model.rgba_vae import RgbaVae
from training.configuration import VaeStage
from training.discriminator import Adversary
from training.vae_losses import (
    Perceptual,
    alpha_edges,
    alpha_error,
    divergence,
    opaque,
    perceptual,
    reconstruction,
)
from training.work import Losses

PARTS = ("reconstruction", "alpha", "edges", "perceptual", "kl")
ADVERSARIAL = ("adversarial", "discriminator")


@dataclass(frozen=True, eq=False)
class VaeBatch:
    """`x_BCHW` are in [-1, 1]; `noise_Bzhw`, float32, samples the posterior. All are of one step of the run."""

    step: int
    x_BCHW: Tensor = field(repr=False)
    noise_Bzhw: Tensor = field(repr=False)


@dataclass(frozen=True, eq=False)
class Judges:
    """What judges reconstructions and is not part of the VAE: no optimizer and no average of the loop sees it.

    `adversary` learns too, on its own; it has its say from a step of the configuration on.
    """

    distance: Perceptual = field(repr=False)
    adversary: Adversary | None = field(default=None, repr=False)


class VaeModule(nn.Module):
    """The VAE and its losses. `batch` samples make a step, over all ranks and micro-steps together."""

    def __init__(self, vae: RgbaVae, stage: VaeStage, batch: int, judges: Judges) -> None:
        super().__init__()
        self.vae = vae
        self._stage, self._batch, self._judges = stage, batch, judges

    def forward(self, batch: VaeBatch) -> Losses:
        mean_Bzhw, log_variance_Bzhw = self.vae.encode(batch.x_BCHW)
        deviation_Bzhw = (log_variance_Bzhw.float() / 2).exp()
        z_Bzhw = mean_Bzhw.float() + deviation_Bzhw * batch.noise_Bzhw
        y_BCHW = self.vae.decode(z_Bzhw.to(mean_Bzhw.dtype))
        x_B4HW, y_B4HW = (_rgba(picture.float()) for picture in (batch.x_BCHW, y_BCHW))
        parts = {
            "reconstruction": reconstruction(x_B4HW, y_B4HW),
            "alpha": alpha_error(x_B4HW, y_B4HW),
            "edges": alpha_edges(x_B4HW, y_B4HW),
            "perceptual": perceptual(x_B4HW, y_B4HW, self._judges.distance),
            "kl": divergence(mean_Bzhw.float(), log_variance_Bzhw.float()),
        }
        told = dict(parts)
        if self._judges.adversary is not None:
            parts["adversarial"], told["discriminator"] = self._judged(self._judges.adversary, batch, x_B4HW, y_B4HW)
            told["adversarial"] = parts["adversarial"]
        samples_B = torch.stack([getattr(self._stage, name) * part for name, part in parts.items()]).sum(dim=0)
        return Losses(samples_B, _sums(told))

    def _judged(self, adversary: Adversary, batch: VaeBatch, x_B4HW: Tensor, y_B4HW: Tensor) -> tuple[Tensor, Tensor]:
        """(the VAE's loss, the discriminator's) [B]; zeros until it has its say. In training the latter learns."""
        if batch.step < self._stage.adversarial_start:
            return y_B4HW.new_zeros(len(y_B4HW)), y_B4HW.new_zeros(len(y_B4HW))
        return adversary.fools(y_B4HW), adversary.learn(x_B4HW, y_B4HW, self._batch)


def _rgba(picture_BCHW: Tensor) -> Tensor:
    return picture_BCHW if picture_BCHW.shape[1] == 4 else opaque(picture_BCHW)


def _sums(parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: part.detach().sum() for name, part in parts.items()}
