"""A VAE and held-out crops in, how well it gives them back out: the AlphaVAE protocol's figures, without its JPEG step.

PSNR and SSIM are means over the nine grounds of `evaluation.reconstruction`; composites and layers are told apart, as
layers are mostly edges.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from evaluation.reconstruction.backgrounds import over_backgrounds
from evaluation.reconstruction.lpips import Lpips, distances
from evaluation.reconstruction.protocol import similarity
from model.rgba_vae import RgbaVae
from training.crop_reader import CropBatch
from training.recipes import COMPOSITE

Figures = dict[str, tuple[float, int]]  # sums, and of how many pictures


@torch.no_grad()
def measure(vae: RgbaVae, batches: Iterable[CropBatch], lpips: Lpips | None) -> Figures:
    """Of the posterior's mode, rounded to 8 bits. Names are those of `_figures` with `composite` or `layer` before.

    The VAE is where its weights are, in their precision; no random number is drawn.
    """
    distance = distances(lpips) if lpips is not None else None
    sums: Figures = {}
    for batch in batches:
        for picture, truth, made in zip(batch.pictures, batch.pixels, reconstructed(vae, batch.pixels), strict=True):
            kind = "composite" if picture == COMPOSITE else "layer"
            for name, value in _figures(truth, made, distance):
                total, count = sums.get(f"{kind}/{name}", (0.0, 0))
                sums[f"{kind}/{name}"] = total + value, count + 1
    return sums


@torch.no_grad()
def reconstructed(vae: RgbaVae, pixels_BHW4: np.ndarray) -> np.ndarray:
    """uint8 straight RGBA of the same shape. Of an RGB VAE, opaque: it is given no alpha."""
    y = vae.decode(vae.encode(as_input(vae, torch.from_numpy(pixels_BHW4)))[0])
    levels = ((y.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    opaque = np.full_like(pixels_BHW4, 255)
    opaque[..., : levels.shape[3]] = levels
    return opaque


def as_input(vae: RgbaVae, pixels_BHW4: Tensor) -> Tensor:
    """uint8 [B, H, W, 4] -> [B, C, H, W] in [-1, 1], where the weights are and in their precision."""
    weight = vae.quant_conv.weight
    channels = pixels_BHW4[..., : vae.config.image_channels].to(weight.device).permute(0, 3, 1, 2)
    return (channels.float() / 127.5 - 1).to(weight.dtype)


def _figures(
    truth_HW4: np.ndarray, made_HW4: np.ndarray, distance: Callable[..., list[float]] | None
) -> Iterator[tuple[str, float]]:
    truths, others = over_backgrounds(truth_HW4), over_backgrounds(made_HW4)
    scores = np.array([similarity(truths[name], others[name]) for name in truths])
    yield "psnr", float(scores[:, 0].mean())
    yield "ssim", float(scores[:, 1].mean())
    alpha, other = truth_HW4[..., 3].astype(np.int64), made_HW4[..., 3].astype(np.int64)
    yield "alpha_l1", float(np.abs(alpha - other).mean()) / 255
    most = int(np.maximum(alpha, other).sum())
    yield "alpha_iou", int(np.minimum(alpha, other).sum()) / most if most else 1.0
    if distance is not None:
        yield "lpips", float(np.mean(distance(list(truths.values()), list(others.values()))))
