"""Examples in, what the transformer is trained on out: latents by the frozen VAE, texts by the frozen encoder, noise.

Legend: F frames, C channels, H W pixels, h w latent cells, T image tokens, P predicted tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from model.flow import noised, velocity
from model.levels import values_of
from model.packing import SampleShape, layout_of, patchify
from model.rgba_vae import RgbaVae, in_micro_batches
from model.text_encoder import TextEncoder
from training.configuration import Flow
from training.data import Example
from training.distributed import Ranks
from training.flow_module import FlowBatch
from training.noising import noise_of, sigma_of
from training.recipes import Recipe, Task
from training.transfer import on_device

AT_ONCE_PX = 1 << 22  # that go through the VAE together


@dataclass(frozen=True, eq=False)
class Encoders:
    """The frozen networks. `condition_vae` encodes the picture to decompose; the paper's ablation has an RGB one."""

    vae: RgbaVae = field(repr=False)
    condition_vae: RgbaVae = field(repr=False)
    text: TextEncoder = field(repr=False)


@dataclass(frozen=True, eq=False)
class Encoded:
    """An example as the transformer sees it, before noise: normalised latents, and the text's states [U, W].

    `condition_Chw` is None where there is no condition.
    """

    position: int
    recipe: Recipe
    frames_FChw: Tensor = field(repr=False)
    condition_Chw: Tensor | None = field(repr=False)
    text_UW: Tensor = field(repr=False)


@torch.no_grad()
def encode(examples: Sequence[Example], encoders: Encoders, device: torch.device) -> list[Encoded]:
    """Frames of one size go through the VAE together."""
    texts = encoders.text([example.prompt for example in examples])
    frames: dict[int, Tensor] = {}
    for size in {example.planned.recipe.size for example in examples}:
        places = [place for place, example in enumerate(examples) if example.planned.recipe.size == size]
        pictures = np.concatenate([examples[place].frames for place in places])
        z_FChw = latents(encoders.vae, pictures, device)
        for place, part in zip(places, z_FChw.split([len(examples[place].frames) for place in places]), strict=True):
            frames[place] = part
    encoded = []
    for place, (example, text_UW) in enumerate(zip(examples, texts, strict=True)):
        recipe, z_FChw = example.planned.recipe, frames[place]
        condition = None
        if recipe.task is Task.IMAGE_TO_LAYERS:
            condition = z_FChw[0]
            if encoders.condition_vae is not encoders.vae:
                condition = latents(encoders.condition_vae, example.frames[:1], device)[0]
        encoded.append(Encoded(example.planned.position, recipe, z_FChw, condition, text_UW))
    return encoded


def latents(vae: RgbaVae, frames_FHW4: np.ndarray, device: torch.device) -> Tensor:
    """Normalised latents [F, C, h, w], float32, of uint8 straight RGBA; an RGB VAE sees no alpha."""
    x_FCHW = values_of(on_device(frames_FHW4, device), vae.config.image_channels, vae.quant_conv.weight.dtype)
    return in_micro_batches(lambda part: vae.normalise(vae.encode(part)[0]), x_FCHW, AT_ONCE_PX).float()


def flow_batch(
    encoded: Sequence[Encoded], flow: Flow, composite_weight: float, seed: int, patch: int, ranks: Ranks,
    sigmas: Sequence[float] | None = None,
) -> FlowBatch:  # fmt: skip
    """This rank's run of a pack, noised. `sigmas` are noise levels to take instead of drawing them, one a sample."""
    shapes = [_shape_of(one, patch) for one in encoded]
    layout = layout_of(shapes, ranks.device, ranks.place, ranks.sequence_parallel)
    levels = (
        [sigma_of(seed, one.position, flow) for one in encoded] if sigmas is None else list(map(torch.tensor, sigmas))
    )
    sigma_B = torch.stack(levels).to(ranks.device)
    streams = [
        _streams(one, sigma_B[place], composite_weight, seed, patch, ranks.device) for place, one in enumerate(encoded)
    ]
    own = slice(*layout.image_run)
    image_TC, target_TC, share_T, frame_T = (torch.cat(parts)[own] for parts in zip(*streams, strict=True))
    predicted = layout.predicted_P
    return FlowBatch(
        layout=layout,
        image_TC=image_TC,
        text_UW=torch.cat([one.text_UW for one in encoded]).to(ranks.device)[slice(*layout.text_run)],
        sigma_B=sigma_B,
        t_cond_B=torch.tensor([int(one.recipe.task is Task.TEXT_TO_RGB) for one in encoded], device=ranks.device),
        target_PC=target_TC[predicted],
        share_P=share_T[predicted],
        sample_P=layout.image_sample_T[predicted],
        frame_P=frame_T[predicted],
    )


def _streams(
    one: Encoded, sigma: Tensor, composite_weight: float, seed: int, patch: int, device: torch.device
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of a sample's image tokens: their channels, noised; the velocity; their share in its loss; their frame."""
    noise_FChw = noise_of(seed, one.position, tuple(one.frames_FChw.shape), device)
    image = [patchify(noised(one.frames_FChw, noise_FChw, sigma), patch)]
    target = [patchify(velocity(one.frames_FChw, noise_FChw), patch)]
    weight_F = torch.ones(len(one.frames_FChw), device=device)
    if one.recipe.task.is_layered:
        weight_F[0] = composite_weight
    tokens = len(image[0]) // len(weight_F)
    share = [(weight_F / (weight_F.sum() * tokens)).repeat_interleave(tokens)]
    frame = [torch.arange(len(weight_F), device=device).repeat_interleave(tokens)]
    if one.condition_Chw is not None:  # clean, and not predicted
        condition_TC = patchify(one.condition_Chw.unsqueeze(0), patch)
        image.append(condition_TC)
        target.append(torch.zeros_like(condition_TC))
        share.append(share[0].new_zeros(tokens))
        frame.append(frame[0].new_full((tokens,), -1))
    return torch.cat(image), torch.cat(target), torch.cat(share), torch.cat(frame)


def _shape_of(one: Encoded, patch: int) -> SampleShape:
    grid = (one.frames_FChw.shape[2] // patch, one.frames_FChw.shape[3] // patch)
    return SampleShape((grid,) * len(one.frames_FChw), len(one.text_UW), None if one.condition_Chw is None else grid)
