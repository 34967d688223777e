"""Pictures as the RGBA-VAE has them, in [-1, 1], in; 8 bits out, and back. What is rounded is rounded once, here.

Legend: B pictures, C channels, H W pixels.
"""

import numpy as np
import torch
from torch import Tensor


def levels_of(x: Tensor) -> Tensor:
    """uint8, clamped and rounded to the nearest."""
    return ((x.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def to_rgba(x_CHW: Tensor) -> np.ndarray:
    """uint8 straight RGBA [H, W, 4], rounded; RGB is 0 where alpha is. Of an RGB picture alpha is 255."""
    levels = levels_of(x_CHW).permute(1, 2, 0).cpu().numpy()
    if levels.shape[2] == 3:
        return np.dstack([levels, np.full(levels.shape[:2], 255, np.uint8)])
    return np.where(levels[..., 3:] == 0, np.uint8(0), levels)


def values_of(pixels_BHW4: Tensor, channels: int, dtype: torch.dtype) -> Tensor:
    """uint8 straight RGBA -> [B, C, H, W] in [-1, 1]; three channels see no alpha. Divided in float32, rounded once."""
    return (pixels_BHW4.permute(0, 3, 1, 2)[:, :channels].float() / 127.5 - 1).to(dtype)
