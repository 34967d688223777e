"""The Inception-v3 of FID: pictures in, features [2048] out.

The network as TensorFlow's FID graph of 2015 has it, under the names of pytorch-fid's weight file: average pools count
no padding, the last block pools by the maximum. It is written out here, since pytorch-fid and torch-fidelity need
torchvision. At the same random weights its features and those of pytorch-fid 0.3.0 were equal, and so were the resized
pictures and those of clean-fid 0.1.35.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from evaluation.reconstruction.weights import fill, read_tensors

SIDE_PX = 299


class Convolution(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.bn(self.conv(x)))


class Mixed35(nn.Module):
    """At 35x35 px: 1x1, 5x5, twice 3x3, and an average pool."""

    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(inputs, 64, 1)
        self.branch5x5_1 = Convolution(inputs, 48, 1)
        self.branch5x5_2 = Convolution(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Convolution(inputs, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, padding=1)
        self.branch_pool = Convolution(inputs, pooled, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, three, self.branch_pool(_average(x))], 1)


class Reduction17(nn.Module):
    """From 35x35 to 17x17 px."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = Convolution(inputs, 384, 3, stride=2)
        self.branch3x3dbl_1 = Convolution(inputs, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, stride=2)], 1)


class Mixed17(nn.Module):
    """At 17x17 px: 1x1, 7x7 as 1x7 and 7x1, twice that, and an average pool."""

    def __init__(self, width: int) -> None:
        super().__init__()
        wide: dict = {"size": (1, 7), "padding": (0, 3)}
        high: dict = {"size": (7, 1), "padding": (3, 0)}
        self.branch1x1 = Convolution(768, 192, 1)
        self.branch7x7_1 = Convolution(768, width, 1)
        self.branch7x7_2 = Convolution(width, width, **wide)
        self.branch7x7_3 = Convolution(width, 192, **high)
        self.branch7x7dbl_1 = Convolution(768, width, 1)
        self.branch7x7dbl_2 = Convolution(width, width, **high)
        self.branch7x7dbl_3 = Convolution(width, width, **wide)
        self.branch7x7dbl_4 = Convolution(width, width, **high)
        self.branch7x7dbl_5 = Convolution(width, 192, **wide)
        self.branch_pool = Convolution(768, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), seven, double, self.branch_pool(_average(x))], 1)


class Reduction8(nn.Module):
    """From 17x17 to 8x8 px."""

    def __init__(self) -> None:
        super().__init__()
        self.branch3x3_1 = Convolution(768, 192, 1)
        self.branch3x3_2 = Convolution(192, 320, 3, stride=2)
        self.branch7x7x3_1 = Convolution(768, 192, 1)
        self.branch7x7x3_2 = Convolution(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = Convolution(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = Convolution(192, 192, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), seven, F.max_pool2d(x, 3, stride=2)], 1)


class Mixed8(nn.Module):
    """At 8x8 px: 1x1, 3x3 as 1x3 beside 3x1, the same after another 3x3, and a pool."""

    def __init__(self, inputs: int, pool: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.pool = pool
        self.branch1x1 = Convolution(inputs, 320, 1)
        self.branch3x3_1 = Convolution(inputs, 384, 1)
        self.branch3x3_2a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = Convolution(inputs, 448, 1)
        self.branch3x3dbl_2 = Convolution(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = Convolution(inputs, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        threes = [self.branch3x3_2a(three), self.branch3x3_2b(three)]
        doubles = [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return torch.cat([self.branch1x1(x), *threes, *doubles, self.branch_pool(self.pool(x))], 1)


class Inception(nn.Module):
    """Random until weights are loaded; frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3)
        self.Mixed_5b = Mixed35(192, 32)
        self.Mixed_5c = Mixed35(256, 64)
        self.Mixed_5d = Mixed35(288, 64)
        self.Mixed_6a = Reduction17(288)
        self.Mixed_6b = Mixed17(128)
        self.Mixed_6c = Mixed17(160)
        self.Mixed_6d = Mixed17(160)
        self.Mixed_6e = Mixed17(192)
        self.Mixed_7a = Reduction8()
        self.Mixed_7b = Mixed8(1280, _average)
        self.Mixed_7c = Mixed8(2048, _largest)
        self.requires_grad_(False)
        self.eval()

    def forward(self, x_B3HW: torch.Tensor) -> torch.Tensor:
        """Pictures in [-1, 1] of 299x299 px -> [B, 2048]."""
        for name, block in self.named_children():
            if name in ("Conv2d_3b_1x1", "Mixed_5b"):
                x_B3HW = F.max_pool2d(x_B3HW, 3, stride=2)
            x_B3HW = block(x_B3HW)
        return x_B3HW.mean(dim=(2, 3))


def load_inception(path: Path) -> Inception:
    """From pytorch-fid's file. Raises ValueError, naming it, where it cannot be read or holds something else."""
    network = Inception()
    tensors = read_tensors(path)
    fill(network, {**_counters(network), **tensors}, str(path))
    return network


def features(network: Inception) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    """float32 [pictures, 2048] of uint8 RGB pictures of any size.

    They are resized as clean-fid does, which `pyiqa` follows: each channel in float32 by Pillow's antialiased bicubic
    filter, clipped, and (value - 128) / 128.
    """
    device = network.Conv2d_1a_3x3.conv.weight.device

    def measured(pictures: Sequence[np.ndarray]) -> np.ndarray:
        batch = torch.from_numpy(np.stack([_resized(picture) for picture in pictures])).to(device)
        with torch.inference_mode():
            return network((batch - 128) / 128).cpu().numpy()

    return measured


def _resized(rgb_HW3: np.ndarray) -> np.ndarray:
    """float32 [3, 299, 299] in [0, 255]."""
    planes = (Image.fromarray(rgb_HW3[..., channel].astype(np.float32)) for channel in range(3))
    small = [np.asarray(plane.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)) for plane in planes]
    return np.clip(np.stack(small), 0, 255)


def _counters(network: Inception) -> dict[str, torch.Tensor]:
    """How many batches each norm has seen, which older files lack and nothing here reads."""
    return {name: tensor for name, tensor in network.state_dict().items() if name.endswith("num_batches_tracked")}


def _average(x: torch.Tensor) -> torch.Tensor:
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def _largest(x: torch.Tensor) -> torch.Tensor:
    return F.max_pool2d(x, 3, stride=1, padding=1)
