"""A position of the run in, the noise and the noise level of its sample out: of the seed and the position alone.

The same on every rank that shares a sample, and whatever pack it lies in.
"""

import numpy as np
import torch
from torch import Tensor

from model.flow import logit_normal_sigmas
from training.configuration import Flow

_SIGMA, _NOISE = 2 << 16, 3 << 16  # streams of random numbers, none of which another part draws from


def sigma_of(seed: int, position: int, flow: Flow) -> Tensor:
    """float32 [], in (0, 1)."""
    generator = torch.Generator().manual_seed(_seed(seed, _SIGMA, position))
    return logit_normal_sigmas(1, generator, flow.mean, flow.deviation, flow.shift)[0]


def noise_of(seed: int, position: int, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """float32, normal; drawn on the device, so that a GPU does not wait for it."""
    generator = torch.Generator(device).manual_seed(_seed(seed, _NOISE, position))
    return torch.randn(shape, generator=generator, device=device)


def _seed(seed: int, stream: int, position: int) -> int:
    words = np.random.SeedSequence((seed, stream, position)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))
