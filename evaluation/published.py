"""What was published of the decomposition metric: means over the test set of Crello, after 0, 1, ... merges."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    name: str
    rgb_l1: tuple[float, ...]
    alpha_iou: tuple[float, ...]


LAYERD = Published(
    "LayerD",
    (0.0709, 0.0541, 0.0457, 0.0419, 0.0403, 0.0396),
    (0.7520, 0.8111, 0.8435, 0.8564, 0.8622, 0.8650),
)
QWEN = Published(
    "Qwen-Image-Layered, fine-tuned on Crello",
    (0.0594, 0.0490, 0.0393, 0.0377, 0.0364, 0.0363),
    (0.8705, 0.8863, 0.9105, 0.9121, 0.9156, 0.9160),
)
ABLATIONS = (
    Published("the same without multi-stage training", (0.1649,), (0.6504,)),
    Published("also without the RGBA-VAE", (0.1894,), (0.5844,)),
    Published("also without Layer3D RoPE", (0.2809,), (0.3725,)),
)
