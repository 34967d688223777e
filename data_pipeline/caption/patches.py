"""Pictures in, what Qwen2.5-VL is given of them out: bit for bit as transformers prepares them, in a third of the time.

Bytes are cut into patches and then become numbers, not the other way round: a quarter is moved. On a CPU one kernel
does both. (C channels, H W pixels of a resized picture, P patches, S pixels of a patch, F frames, all of which show the
same.)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numba import types
from qwen_vl_utils import smart_resize
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from data_pipeline.kernel import kernel


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
        every = torch.arange(256.0, device=device).repeat(3, 1, 1)
        self._values = self._normalised(every).cpu().numpy()[:, 0]  # of every byte, float32 [3, 256]

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
        once = {id(picture): (picture, size) for picture, size in zip(pictures, sizes, strict=True)}
        cut = self.cut_here if self._device.type == "cpu" else self.cut_there
        patches = {name: cut(self._resized(*one)) for name, one in once.items()}  # a picture may be asked about twice
        every = [patches[id(picture)] for picture in pictures]
        grid = [[1, height // side, width // side] for height, width in sizes]
        return {
            "pixel_values": every[0] if len(every) == 1 else torch.cat(every),
            "image_grid_thw": torch.tensor(grid, device=self._device),
        }

    def cut_there(self, picture_CHW: torch.Tensor) -> torch.Tensor:
        """Float32 [P, C * F * S] of uint8, on any device."""
        side, merge, frames = self._sides
        height, width = picture_CHW.shape[1:]
        cut = picture_CHW.reshape(-1, height // side // merge, merge, side, width // side // merge, merge, side)
        bytes_PC1S = cut.permute(1, 4, 2, 5, 0, 3, 6).reshape(-1, len(picture_CHW), 1, side * side)
        return self._normalised(bytes_PC1S.float()).expand(-1, -1, frames, -1).flatten(1)

    def cut_here(self, picture_CHW: torch.Tensor) -> torch.Tensor:
        """The same on a CPU, at once."""
        side, merge, frames = self._sides
        picture_HWC = picture_CHW.permute(1, 2, 0).contiguous()
        height, width, channels = picture_HWC.shape
        values_PNS = torch.empty(height * width // side**2, channels * frames, side * side)
        _cut(picture_HWC.view(height, -1).numpy(), self._values, side, merge, values_PNS.numpy())
        return values_PNS.flatten(1)

    @property
    def _sides(self) -> tuple[int, int, int]:
        """Pixels of a patch's side, patches of a token's side, frames."""
        return self._settings.patch_size, self._settings.merge_size, self._settings.temporal_patch_size

    def _resized(self, picture: np.ndarray, size: tuple[int, int]) -> torch.Tensor:
        """uint8 [C, H, W], whose colours stay beside each other in memory, as they are faster to resize."""
        picture_CHW = torch.tensor(picture, device=self._device).permute(2, 0, 1)
        return transforms.resize(picture_CHW, [*size], interpolation=InterpolationMode.BICUBIC, antialias=True)

    def _normalised(self, values: torch.Tensor) -> torch.Tensor:
        """In place; [..., C, any, any]."""
        return values.sub_(self._mean_C11).div_(self._std_C11)


@kernel(
    types.void,
    types.Array(types.uint8, 2, "C", readonly=True),
    types.Array(types.float32, 2, "C", readonly=True),
    types.int64,
    types.int64,
    types.Array(types.float32, 3, "C"),
)
def _cut(lines: np.ndarray, values: np.ndarray, side: int, merge: int, patches: np.ndarray) -> None:
    """`lines` are [H, W * C], `values` those of every byte of each channel, `patches` [P, C * F, S].

    The patches of a token follow each other, row by row.
    """
    height, length = lines.shape
    channels = values.shape[0]
    frames = patches.shape[1] // channels
    step = side * merge
    p = 0
    for top in range(0, height, step):
        for left in range(0, length, channels * step):
            for y0 in range(top, top + step, side):
                for x0 in range(left, left + channels * step, channels * side):
                    for c in range(channels):
                        of_byte, patch = values[c], patches[p, c * frames]
                        s = 0
                        for y in range(y0, y0 + side):
                            line, place = lines[y], x0 + c
                            for _ in range(side):
                                patch[s] = of_byte[line[place]]
                                place += channels
                                s += 1
                        for f in range(1, frames):
                            patches[p, c * frames + f] = patch
                    p += 1
