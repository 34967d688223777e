"""Pictures or prompts in, layer stacks or flat pictures out: which frames are drawn, from which noise, which are kept.

Legend: F frames, z latent channels, h w latent cells.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from inference.loaded import Loaded
from inference.pictures import to_stack
from model.blank_frames import without_blank_end
from model.levels import to_rgba
from model.sampler import Request, SamplerOptions, sample
from schemas.members import MAX_LAYERS
from schemas.stack import Stack

_IS_RGB = 1  # the row of `mmdit.TimeEmbedding` for plain RGB; of Qwen-Image it is zero
_MOST_SEED = (1 << 43) - 1  # so that a seed and a sample's index make one seed of 63 bits


@dataclass(frozen=True)
class DrawOptions:
    """`layers` is None for `auto`: as many frames as a sample may have, without the blank ones at the end.

    `negative` is the prompt that guidance leads away from; the released pipeline's is a space.
    """

    layers: int | None = 4
    resolution: int = 640
    negative: str = " "
    seed: int = 0
    sampler: SamplerOptions = field(default_factory=SamplerOptions)

    def __post_init__(self) -> None:
        if self.layers is not None and not 1 <= self.layers <= MAX_LAYERS:
            raise ValueError(f"layers is {self.layers}; it must lie in 1..{MAX_LAYERS}, or be auto")
        if not 0 <= self.seed <= _MOST_SEED:
            raise ValueError(f"seed is {self.seed}; it must lie in 0..{_MOST_SEED}")

    @property
    def frames(self) -> int:
        """Of the composite, and of every layer."""
        return 1 + (MAX_LAYERS if self.layers is None else self.layers)


Progress = Callable[[int], None]


def draw(
    loaded: Loaded,
    prompts: Sequence[str],
    conditions: Sequence[Tensor | None],
    sizes: Sequence[tuple[int, int]],
    options: DrawOptions,
    first: int = 0,
    on_step: Progress = lambda step: None,
) -> list[Stack]:
    """One stack for each prompt, all in one packed batch. `sizes` are (width, height) in pixels.

    `conditions` are pictures [4, H, W] in [-1, 1] to decompose, None for what is made from text alone. The noise of
    sample k hangs on the seed and `first + k` alone, so that a batch draws what its samples draw one by one. The
    frame of the composite is drawn too, and left out.
    """
    encoded = [None if condition is None else loaded.latents(condition) for condition in conditions]
    requests = _requests(loaded, prompts, encoded, sizes, options, options.frames, first)
    drawn = (loaded.pictures(z[1:]) for z in sample(loaded.model, requests, options.sampler, on_step))
    return [to_stack(layers if options.layers is not None else without_blank_end(layers)) for layers in drawn]


def draw_flat(
    loaded: Loaded,
    prompts: Sequence[str],
    size: tuple[int, int],
    options: DrawOptions,
    first: int = 0,
    on_step: Progress = lambda step: None,
) -> list[np.ndarray]:
    """uint8 RGBA [H, W, 4] of each prompt, all in one packed batch: one frame each, by a text-to-image checkpoint.

    Guidance keeps the norm, and the noise levels are the checkpoint's, as in Qwen-Image's own pipeline.
    """
    count = len(prompts)
    requests = [
        replace(request, t_cond=_IS_RGB)
        for request in _requests(loaded, prompts, [None] * count, [size] * count, options, 1, first)
    ]
    sampler = replace(options.sampler, rule="keep_norm", schedule=loaded.schedule)
    return [to_rgba(loaded.pictures(z)[0]) for z in sample(loaded.model, requests, sampler, on_step)]


def _requests(
    loaded: Loaded,
    prompts: Sequence[str],
    conditions: Sequence[Tensor | None],
    sizes: Sequence[tuple[int, int]],
    options: DrawOptions,
    frames: int,
    first: int,
) -> list[Request]:
    """`conditions` are latents [z, h, w]."""
    *texts, negative = loaded.text([*prompts, options.negative])
    stride, channels = loaded.vae.config.stride, loaded.vae.config.z_dim
    return [
        Request(
            noise_FChw=noise((frames, channels, height // stride, width // stride), options.seed, first + k),
            text_UW=text,
            negative_UW=negative,
            condition_Chw=condition,
        )
        for k, (text, condition, (width, height)) in enumerate(zip(texts, conditions, sizes, strict=True))
    ]


def noise(shape: tuple[int, int, int, int], seed: int, sample_index: int) -> Tensor:
    """float32 [F, z, h, w], the same on every device."""
    generator = torch.Generator().manual_seed((seed << 20) + sample_index)
    return torch.randn(shape, generator=generator)
