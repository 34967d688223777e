"""Flow matching: noise levels, noised latents, velocities, and one step back. Pure functions.

Sigma is 1 for noise and 0 for data, as in all released weights (the paper writes t = 1 - sigma). Legend: B samples.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_BASE_TOKENS = 256  # of one image of 256 x 256 px, at which nothing is shifted


def logit_normal_sigmas(
    count: int, generator: torch.Generator, mean: float = 0.0, deviation: float = 1.0, shift: float = 1.0
) -> Tensor:
    """float32 [B] in (0, 1): the sigmoid of a normal draw. Mean and deviation of the paper are not published."""
    draw = torch.randn(count, generator=generator, device=generator.device)
    return shifted(torch.sigmoid(mean + deviation * draw), shift)


def uniform_sigmas(count: int, generator: torch.Generator, shift: float = 1.0) -> Tensor:
    """float32 [B] in [0, 1)."""
    return shifted(torch.rand(count, generator=generator, device=generator.device), shift)


def shifted(sigma: Tensor, shift: float | Tensor) -> Tensor:
    """`shift / (shift + 1 / sigma - 1)`: more noise for a shift above 1; 0 stays 0 and 1 stays 1."""
    return shift * sigma / (1 + (shift - 1) * sigma)


def shift_of(image_tokens: int) -> float:
    """The shift at inference, by the tokens of one frame: 2.5 at 640 x 640 px, 4 at 1024 x 1024."""
    return math.sqrt(image_tokens / _BASE_TOKENS)


def linear_schedule(steps: int, image_tokens: int) -> Tensor:
    """float32 [steps + 1] from 1 down to 0: even from 1 to 1 / steps, shifted, and a last 0 (Qwen-Image-Layered)."""
    return _ending(shifted(_even(steps), shift_of(image_tokens)))


@dataclass(frozen=True)
class ExponentialSchedule:
    """Qwen-Image's noise levels, by its diffusers scheduler; the defaults are those of the released one.

    Called as `linear_schedule` is. The shift is e to a power that grows linearly with the tokens of the picture;
    levels are then stretched so that the last one before 0 is `terminal`.
    """

    base_shift: float = 0.5
    max_shift: float = 0.9
    base_tokens: int = 256
    max_tokens: int = 8192
    terminal: float | None = 0.02

    def __post_init__(self) -> None:
        given = (self.base_shift, self.max_shift, self.base_tokens, self.max_tokens, self.terminal or 0)
        if not all(isinstance(value, int | float) for value in given):
            raise ValueError(f"the schedule is {vars(self)}; it must be numbers")
        if not 0 < self.base_tokens < self.max_tokens:
            raise ValueError(f"base_tokens is {self.base_tokens}, max_tokens {self.max_tokens}; they must grow")
        if not all(0 <= shift <= 10 for shift in (self.base_shift, self.max_shift)):
            raise ValueError(f"base_shift is {self.base_shift}, max_shift {self.max_shift}; they must lie in 0..10")
        if self.terminal is not None and not 0 < self.terminal < 1:
            raise ValueError(f"terminal is {self.terminal}; it must lie between 0 and 1, or be none")

    def __call__(self, steps: int, image_tokens: int) -> Tensor:
        share = (image_tokens - self.base_tokens) / (self.max_tokens - self.base_tokens)
        sigmas = shifted(_even(steps), math.exp(self.base_shift + (self.max_shift - self.base_shift) * share))
        if self.terminal is not None and steps > 1:
            sigmas = 1 - (1 - sigmas) * (1 - self.terminal) / (1 - sigmas[-1])
        return _ending(sigmas)


def _even(steps: int) -> Tensor:
    if steps < 1:
        raise ValueError(f"steps is {steps}; it must be at least 1")
    return torch.linspace(1.0, 1.0 / steps, steps, dtype=torch.float64)


def _ending(sigmas: Tensor) -> Tensor:
    return torch.cat([sigmas, sigmas.new_zeros(1)]).float()


def noised(latents: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """`(1 - sigma) * latents + sigma * noise`; sigma broadcasts."""
    return (1 - sigma) * latents + sigma * noise


def velocity(latents: Tensor, noise: Tensor) -> Tensor:
    """What the network predicts at every sigma: the way from data to noise."""
    return noise - latents


def clean(noised_latents: Tensor, predicted: Tensor, sigma: Tensor) -> Tensor:
    """The latents that a predicted velocity points at."""
    return noised_latents - sigma * predicted


def euler_step(noised_latents: Tensor, predicted: Tensor, sigma: Tensor, next_sigma: Tensor) -> Tensor:
    """From one noise level to the next, straight along the velocity."""
    return noised_latents + (next_sigma - sigma) * predicted


def guided(conditional: Tensor, unconditional: Tensor, scale: float) -> Tensor:
    """True classifier-free guidance."""
    return unconditional + scale * (conditional - unconditional)


def guided_keeping_norm(conditional: Tensor, unconditional: Tensor, scale: float) -> Tensor:
    """`guided`, each token (last axis) scaled to the norm of its conditional velocity."""
    combined = guided(conditional, unconditional, scale)
    norm = combined.norm(dim=-1, keepdim=True)
    return combined * (conditional.norm(dim=-1, keepdim=True) / norm.clamp_min(torch.finfo(norm.dtype).tiny))
