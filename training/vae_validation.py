"""A VAE and held-out crops in, how well it gives them back out: the AlphaVAE protocol's figures, without its JPEG step.

PSNR, SSIM and LPIPS are means over the nine grounds of `evaluation.reconstruction`; composites and layers are told
apart, as most of a layer is empty.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from evaluation.reconstruction.backgrounds import over_backgrounds
from evaluation.reconstruction.protocol import similarity
from model.levels import levels_of, values_of
from model.rgba_vae import RgbaVae
from training.crop_reader import CropBatch
from training.distributed import Ranks
from training.recipes import COMPOSITE
from training.transfer import on_device

Distances = Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], list[float]]  # of uint8 RGB pictures
_KINDS = ("composite", "layer")
_FIGURES = ("psnr", "ssim", "alpha_l1", "alpha_iou", "lpips")


@torch.no_grad()
def measure(vae: RgbaVae, batches: Iterable[CropBatch], distances: Distances | None, ranks: Ranks) -> dict[str, float]:
    """`layer/psnr` and so on: means over the crops of all ranks, of whom each is given its share.

    Of the posterior's mode, rounded to 8 bits: no random number is drawn. `alpha_iou` is sum(min) / sum(max).
    """
    names = [f"{kind}/{figure}" for kind in _KINDS for figure in _FIGURES]
    sums = torch.zeros(2, len(names), dtype=torch.float64)
    for batch in batches:
        made_BHW4 = reconstructed(vae, batch.pixels)
        for picture, truth_HW4, made_HW4 in zip(batch.pictures, batch.pixels, made_BHW4, strict=True):
            kind = _KINDS[picture != COMPOSITE]
            for figure, value in _figures(truth_HW4, made_HW4, distances):
                sums[:, names.index(f"{kind}/{figure}")] += torch.tensor([value, 1.0])
    totals, counts = ranks.summed(sums).tolist()
    return {name: total / count for name, total, count in zip(names, totals, counts, strict=True) if count}


@torch.no_grad()
def reconstructed(vae: RgbaVae, pixels_BHW4: np.ndarray) -> np.ndarray:
    """uint8 straight RGBA of the same shape. Of an RGB VAE, opaque: it is given no alpha."""
    y = vae.decode(vae.encode(as_input(vae, pixels_BHW4))[0])
    levels = levels_of(y).permute(0, 2, 3, 1).cpu().numpy()
    made = np.full_like(pixels_BHW4, 255)
    made[..., : levels.shape[3]] = levels
    return made


def as_input(vae: RgbaVae, pixels_BHW4: np.ndarray) -> Tensor:
    """uint8 [B, H, W, 4] -> [B, C, H, W] in [-1, 1], where the weights are and in their precision."""
    weight = vae.quant_conv.weight
    return values_of(on_device(pixels_BHW4, weight.device), vae.config.image_channels, weight.dtype)


def _figures(truth_HW4: np.ndarray, made_HW4: np.ndarray, distances: Distances | None) -> Iterator[tuple[str, float]]:
    truths, others = over_backgrounds(truth_HW4), over_backgrounds(made_HW4)
    scores = np.array([similarity(truths[name], others[name]) for name in truths])
    yield "psnr", float(scores[:, 0].mean())
    yield "ssim", float(scores[:, 1].mean())
    alpha, other = truth_HW4[..., 3].astype(np.int64), made_HW4[..., 3].astype(np.int64)
    yield "alpha_l1", float(np.abs(alpha - other).mean()) / 255
    most = int(np.maximum(alpha, other).sum())
    yield "alpha_iou", int(np.minimum(alpha, other).sum()) / most if most else 1.0
    if distances is not None:
        yield "lpips", float(np.mean(distances(list(truths.values()), list(others.values()))))
