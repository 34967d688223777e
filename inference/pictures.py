"""Pictures and layer stacks <-> what the RGBA-VAE takes: float [4, H, W] in [-1, 1], alpha 1 at +1.

Legend: N layers, H W pixels.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from data_pipeline.boxes import tight, view
from inference.picture_file import SUFFIXES
from model.levels import to_rgba
from schemas.stack import PlainLayer, Stack


def pictures_in(paths: Sequence[str | os.PathLike[str]]) -> list[Path]:
    """Picture files, those of a folder in the order of their names. ValueError where there is none."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES and one.is_file())
            if not inside:
                raise ValueError(f"{path} holds no picture ({', '.join(SUFFIXES)})")
            found.extend(inside)
        elif path.is_file():
            found.append(path)
        else:
            raise ValueError(f"{path}: no such picture")
    return found


def to_model(rgba: np.ndarray, size: tuple[int, int]) -> Tensor:
    """float32 [4, H, W] in [-1, 1], at `size` (width, height); resampled on premultiplied colour (Lanczos)."""
    image = Image.fromarray(rgba)
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)  # Pillow multiplies by alpha, and divides, itself
    return torch.from_numpy(np.array(image)).permute(2, 0, 1) / 127.5 - 1


def to_stack(x_NCHW: Tensor) -> Stack:
    """Layers as the model gives them, bottom to top, each cropped to its box."""
    height, width = x_NCHW.shape[2:]
    layers = []
    for index, x_CHW in enumerate(x_NCHW):
        rgba = to_rgba(x_CHW)
        canvas = (0, 0, width, height)
        box = tight(rgba, canvas) or (0, 0, 0, 0)  # a blank layer stays a layer, without pixels
        layers.append(PlainLayer(box, np.ascontiguousarray(view(rgba, canvas, box)), name=f"Layer {index}"))
    return Stack(width, height, tuple(layers))
