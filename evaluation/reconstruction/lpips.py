"""LPIPS of AlexNet, version 0.1 (Zhang et al. 2018): how far two pictures are apart to the eye, and a loss to train on.

The network is written out here, since the `lpips` package needs torchvision and downloads its weights. At the same
random weights the two agreed within 1e-7 relative (lpips 0.1.4). Unlike there, the gradient is 0, not NaN, where all
features of a place are 0.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from evaluation.reconstruction.weights import fill, read_tensors

_CHANNELS = (64, 192, 384, 256, 256)
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_EPSILON = 1e-10
_WITHIN_SLICE = re.compile(r"net\.slice\d+\.(\d+)\.(weight|bias)")
_LINEAR = re.compile(r"(?:lins\.)?(?:lin)?(\d)\.model\.\d+\.weight")


class Lpips(nn.Module):
    """Its parameters are frozen; gradients flow to the pictures. Random until weights are loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict(
            {
                # Named as torchvision numbers AlexNet's layers.
                "0": nn.Conv2d(3, 64, 11, stride=4, padding=2),
                "3": nn.Conv2d(64, 192, 5, padding=2),
                "6": nn.Conv2d(192, 384, 3, padding=1),
                "8": nn.Conv2d(384, 256, 3, padding=1),
                "10": nn.Conv2d(256, 256, 3, padding=1),
            }
        )
        self.linear = nn.ModuleList(nn.Conv2d(channels, 1, 1, bias=False) for channels in _CHANNELS)
        self.register_buffer("shift", torch.tensor(_SHIFT).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(_SCALE).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)
        self.eval()

    def forward(self, a_B3HW: torch.Tensor, b_B3HW: torch.Tensor) -> torch.Tensor:
        """Pictures in [-1, 1], of 31 px a side or more -> their distances [B], 0 for identical ones."""
        distance = a_B3HW.new_zeros(a_B3HW.shape[0])
        for a, b, linear in zip(self._unit_features(a_B3HW), self._unit_features(b_B3HW), self.linear, strict=True):
            distance = distance + linear((a - b).square()).mean(dim=(1, 2, 3))
        return distance

    def _unit_features(self, picture_B3HW: torch.Tensor) -> list[torch.Tensor]:
        """What each convolution leaves, of length 1 at each place."""
        x = (picture_B3HW - self.shift) / self.scale
        features = []
        for name, convolution in self.features.items():
            if name in ("3", "6"):
                x = nn.functional.max_pool2d(x, 3, stride=2)
            x = nn.functional.relu(convolution(x))
            features.append(x / (torch.linalg.vector_norm(x, dim=1, keepdim=True) + _EPSILON))
        return features


def load_lpips(paths: Sequence[Path]) -> Lpips:
    """From one file that holds all, or from two: torchvision's AlexNet and the package's linear layers.

    Raises ValueError, naming the files, where they cannot be read or hold something else.
    """
    network = Lpips()
    tensors = {_own_name(name): tensor for path in paths for name, tensor in read_tensors(path).items()}
    fill(network, tensors, " and ".join(map(str, paths)))
    return network


def distances(network: Lpips) -> Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], list[float]]:
    """Of uint8 RGB pictures [H, W, 3] and their counterparts, all of one size."""
    device = network.shift.device

    def tensor(pictures: Sequence[np.ndarray]) -> torch.Tensor:
        return torch.from_numpy(np.stack(pictures)).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1

    def measured(truths: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> list[float]:
        with torch.inference_mode():
            # One at a time: eighteen of a megapixel take gigabytes at once, and no less time on a CPU.
            return [network(tensor([a]), tensor([b])).item() for a, b in zip(truths, others, strict=True)]

    return measured


def _own_name(name: str) -> str:
    """The name here of a tensor that a published file calls `name`."""
    if found := _WITHIN_SLICE.fullmatch(name):
        return f"features.{found[1]}.{found[2]}"
    if found := _LINEAR.fullmatch(name):
        return f"linear.{found[1]}.weight"
    return name
