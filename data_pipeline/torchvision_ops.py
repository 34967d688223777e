"""Importing this makes torchvision importable, and with it transformers and diffusers. Import it before them.

As torchvision is published it is built for CUDA: beside a torch for CPUs it misses the schemas of two operators,
which nothing here calls.
"""

import torch

try:
    import torchvision  # noqa: F401
except RuntimeError as error:
    if "torchvision::nms" not in str(error):
        raise
    for _operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{_operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
