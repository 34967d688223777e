"""The pixels and prompts of a sample's recipes in, their latents and texts out: by the frozen encoders, in bf16."""

import torch
from torch import Tensor

from training.batches import Encoders, latents
from training.captions import EMPTY_PROMPT
from training.latent_files import SampleLatents, Use
from training.recipes import Task
from training.variants import Variants


class SampleEncoder:
    """A sample at a time, so that what comes out does not hang on which are encoded together."""

    @torch.no_grad()
    def __init__(self, encoders: Encoders, device: torch.device) -> None:
        self._encoders, self._device = encoders, device
        (empty_UW,) = encoders.text([EMPTY_PROMPT])
        self._empty_UW = _stored(empty_UW)  # which every sample has, where captions are dropped

    @torch.no_grad()
    def __call__(self, variants: Variants) -> SampleLatents:
        encoders = self._encoders
        composites = [
            frames[0] if recipe.task is Task.IMAGE_TO_LAYERS else None
            for recipe, frames in zip(variants.recipes, variants.frames, strict=True)
        ]
        conditions, conditions_KChw = composites, None
        seen = sorted({one for one in composites if one is not None})
        if seen and encoders.condition_vae is not encoders.vae:
            conditions = [None if one is None else seen.index(one) for one in composites]
            conditions_KChw = _stored(latents(encoders.condition_vae, variants.frames_KHW4[seen], self._device))
        return SampleLatents(
            variants.key,
            tuple(map(Use, variants.recipes, variants.frames, conditions, variants.texts)),
            variants.prompts,
            _stored(latents(encoders.vae, variants.frames_KHW4, self._device)),
            conditions_KChw,
            self._texts(variants.prompts),
        )

    def _texts(self, prompts: tuple[str, ...]) -> tuple[Tensor, ...]:
        told = [prompt for prompt in prompts if prompt != EMPTY_PROMPT]
        encoded = dict(zip(told, map(_stored, self._encoders.text(told)), strict=True))
        return tuple(encoded.get(prompt, self._empty_UW) for prompt in prompts)


def _stored(tensor: Tensor) -> Tensor:
    return tensor.to("cpu", torch.bfloat16).contiguous()
