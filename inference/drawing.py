"""Pictures or prompts in, layer stacks out: how many frames are drawn, from which noise, and which are kept.

Legend: F frames, z latent channels, h w latent cells.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from inference.loaded import Loaded
from inference.pictures import mean_alpha, to_rgba, to_stack
from model.sampler import Request, SamplerOptions, sample
from schemas.members import MAX_LAYERS
from schemas.stack import Stack

_BLANK = 1 / 255  # mean alpha below which a trailing layer says that the picture has no more


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

    @property
    def frames(self) -> int:
        """Of the composite, and of every layer."""
        return 1 + (MAX_LAYERS if self.layers is None else self.layers)


@dataclass(frozen=True, eq=False)
class Drawn:
    """`stack` bottom to top; `composite` is the frame that the model draws of the whole, uint8 RGBA [H, W, 4]."""

    stack: Stack
    composite: np.ndarray = field(repr=False)


Progress = Callable[[int], None]


def draw(
    loaded: Loaded,
    prompts: Sequence[str],
    conditions: Sequence[Tensor | None],
    sizes: Sequence[tuple[int, int]],
    options: DrawOptions,
    first: int = 0,
    on_step: Progress = lambda step: None,
) -> list[Drawn]:
    """One stack for each prompt, all in one packed batch. `sizes` are (width, height) in pixels.

    `conditions` are pictures [4, H, W] in [-1, 1] to decompose, None for what is made from text alone. The noise of
    sample k hangs on the seed and `first + k` alone, so that a batch draws what its samples draw one by one.
    """
    texts = loaded.text([*prompts, options.negative])
    stride = loaded.vae.config.stride
    requests = [
        Request(
            noise_FChw=noise((options.frames, loaded.vae.config.z_dim, height // stride, width // stride),
                             options.seed, first + k),
            text_UW=text,
            negative_UW=texts[-1],
            condition_Chw=None if condition is None else loaded.latents(condition),
        )
        for k, (text, condition, (width, height)) in enumerate(zip(texts[:-1], conditions, sizes, strict=True))
    ]  # fmt: skip
    latents = sample(loaded.model, requests, options.sampler, on_step)
    return [_drawn(loaded, z, options) for z in latents]


def noise(shape: tuple[int, int, int, int], seed: int, sample_index: int) -> Tensor:
    """float32 [F, z, h, w], the same on every device."""
    generator = torch.Generator().manual_seed((seed << 20) + sample_index)
    return torch.randn(shape, generator=generator)


def without_blank_end(x_NCHW: Tensor) -> Tensor:
    """Without the trailing layers whose mean alpha is under 1/255; one layer stays at least."""
    alphas = mean_alpha(x_NCHW)
    count = max((index + 1 for index, alpha in enumerate(alphas) if alpha >= _BLANK), default=1)
    return x_NCHW[:count]


def _drawn(loaded: Loaded, z_Fzhw: Tensor, options: DrawOptions) -> Drawn:
    pictures = loaded.pictures(z_Fzhw)
    layers = pictures[1:] if options.layers is not None else without_blank_end(pictures[1:])
    return Drawn(to_stack(layers), to_rgba(pictures[0]))
