"""Pictures in, what Qwen2.5-VL is given of them out: bit for bit as transformers prepares them, in half the time.

Bytes are cut into patches and then become numbers, not the other way round: a quarter is moved. (C channels, H W pixels
of a resized picture, P patches, S pixels of a patch, F frames, all of which show the same.)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from qwen_vl_utils import smart_resize
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms


class Patches:
    """`settings` is the image processor of a checkpoint. Raises ValueError where it asks for something else."""

    def __init__(self, settings: Any, device: torch.device) -> None:
        steps = ("do_resize", "do_rescale", "do_normalize")
        if not all(getattr(settings, step) for step in steps) or settings.resample != 3:  # Pillow's number of bicubic
            raise ValueError(f"its processor does not prepare pictures by {', '.join(steps)} and a bicubic filter")
        self._settings = settings
        self._device = device
        white = 1.0 / settings.rescale_factor
        self._mean_C11 = torch.tensor(settings.image_mean, device=device)[:, None, None] * white
        self._std_C11 = torch.tensor(settings.image_std, device=device)[:, None, None] * white

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) as the model sees it. Raises ValueError where it cannot."""
        if not height or not width:
            raise ValueError(f"a picture of {width} x {height} px")
        side, limits = self._settings.patch_size * self._settings.merge_size, self._settings.size
        return smart_resize(height, width, side, limits["shortest_edge"], limits["longest_edge"])

    def tokens(self, height: int, width: int) -> int:
        """Raises ValueError where a picture has no size for the model."""
        height, width = self.size(height, width)
        return height * width // (self._settings.patch_size * self._settings.merge_size) ** 2

    def inputs(self, pictures: Sequence[np.ndarray]) -> dict[str, torch.Tensor]:
        """`pixel_values` are float32 [all P, C * F * S], `image_grid_thw` int64 [pictures, 3], in patches."""
        side = self._settings.patch_size
        sizes = [self.size(*picture.shape[:2]) for picture in pictures]
        patches = [self._patches(picture, size) for picture, size in zip(pictures, sizes, strict=True)]
        grid = [[1, height // side, width // side] for height, width in sizes]
        return {
            "pixel_values": patches[0] if len(patches) == 1 else torch.cat(patches),
            "image_grid_thw": torch.tensor(grid, device=self._device),
        }

    def _patches(self, picture: np.ndarray, size: tuple[int, int]) -> torch.Tensor:
        side, merge, frames = (
            getattr(self._settings, name) for name in ("patch_size", "merge_size", "temporal_patch_size")
        )
        height, width = size
        # Colours stay beside each other in memory, as they are faster to resize.
        picture_CHW = torch.tensor(picture, device=self._device).permute(2, 0, 1)
        picture_CHW = transforms.resize(
            picture_CHW, [height, width], interpolation=InterpolationMode.BICUBIC, antialias=True
        )
        cut = picture_CHW.reshape(-1, height // side // merge, merge, side, width // side // merge, merge, side)
        bytes_PC1S = cut.permute(1, 4, 2, 5, 0, 3, 6).reshape(-1, len(picture_CHW), 1, side * side)
        values_PC1S = bytes_PC1S.float().sub_(self._mean_C11).div_(self._std_C11)
        return values_PC1S.expand(-1, -1, frames, -1).flatten(1)
