"""A pack of noised latents and its texts in, the flow-matching losses of its samples out: what stages 1 to 3 train.

Legend: B samples, T image tokens, U text tokens, P predicted tokens, C channels of an image token, W text width.
"""

from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import Tensor, nn

from model.mmdit import VldMmdit
from model.packing import Layout
from training.work import Losses

PARTS = ("composite_loss", "layer_loss")


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the transformer takes of a pack. Tables of tokens are this rank's runs."""

    layout: Layout = field(repr=False)
    image_TC: Tensor = field(repr=False)
    text_UW: Tensor = field(repr=False)
    sigma_B: Tensor = field(repr=False)
    t_cond_B: Tensor = field(repr=False)


@dataclass(frozen=True, eq=False)
class FlowBatch(Inputs):
    """`share_P` is how much a token counts in its sample's loss: of all ranks that share a sample they add up to 1.
    `frame_P` says of which frame a predicted token is, 0 the composite."""

    target_PC: Tensor = field(repr=False)
    share_P: Tensor = field(repr=False)
    sample_P: Tensor = field(repr=False)
    frame_P: Tensor = field(repr=False)


class FlowModule(nn.Module):
    """The transformer and its loss: squared error of the velocity (Qwen-Image-Layered, equation 4)."""

    def __init__(self, mmdit: VldMmdit, group: dist.ProcessGroup | None = None) -> None:
        super().__init__()
        self.mmdit = mmdit
        self._group = group

    def forward(self, given: Inputs) -> Losses | Tensor:
        """Losses of a `FlowBatch`; of mere inputs, whole ones of one rank, the velocity [P, C].

        Both go by this door: under ZeRO-3 weights are gathered by hooks that begin anew where the outermost module is
        called.
        """
        dtype = self.mmdit.img_in.weight.dtype  # latents are noised in float32
        image_TC, text_UW = given.image_TC.to(dtype), given.text_UW.to(dtype)
        group = self._group if isinstance(given, FlowBatch) else None
        out_PC: Tensor = self.mmdit(image_TC, text_UW, given.sigma_B, given.layout, given.t_cond_B, group)
        return losses_of(out_PC, given) if isinstance(given, FlowBatch) else out_PC


def losses_of(out_PC: Tensor, batch: FlowBatch) -> Losses:
    """In float32. `parts` are the mean error of composites and of layers, summed over the samples."""
    error_P = (out_PC.float() - batch.target_PC).square().mean(dim=1)
    count = len(batch.sigma_B)
    samples_B = error_P.new_zeros(count).index_add(0, batch.sample_P, error_P * batch.share_P)
    with torch.no_grad():
        parts = {}
        for name, chosen in zip(PARTS, (batch.frame_P == 0, batch.frame_P > 0), strict=True):
            parts[name] = (error_P * batch.share_P * chosen).sum()
    return Losses(samples_B, parts)
