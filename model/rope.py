"""Token positions and the rotations they stand for: Layer3D RoPE (Qwen-Image-Layered, section 3.2).

Every token has a position on three axes (layer, row, column). A frame's rows and columns are counted from its centre;
text continues on all three axes alike behind the largest of them. Each axis turns its share of a head's channels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from model.configs import MmditConfig
from model.packing import Grid, SampleShape

Rotation = tuple[Tensor, Tensor]  # cosine and sine, float32 [T, head_dim / 2]


def frame_positions(grid: Grid, layer: int) -> Tensor:
    """int64 [rows * columns, 3]; rows run from -(rows - rows // 2) to rows // 2 - 1, columns alike."""
    rows, columns = grid
    row = torch.arange(rows) - (rows - rows // 2)
    column = torch.arange(columns) - (columns - columns // 2)
    return torch.stack(torch.meshgrid(torch.tensor([layer]), row, column, indexing="ij"), dim=-1).reshape(-1, 3)


def image_positions(shape: SampleShape, rope: str) -> Tensor:
    """int64 [image tokens, 3] of one sample. With `plain2d` (the paper's ablation) no frame is told from another."""
    layers = shape.layers if rope == "layer3d" else [0] * len(shape.grids)
    return torch.cat([frame_positions(grid, layer) for grid, layer in zip(shape.grids, layers, strict=True)])


def text_positions(shape: SampleShape) -> Tensor:
    """int64 [text tokens, 3] of one sample: behind half the largest side of any frame, and behind all layers."""
    start = max(len(shape.frames), *(side // 2 for grid in shape.grids for side in grid))
    return torch.arange(start, start + shape.text)[:, None].expand(-1, 3)


def rotation(positions_T3: Tensor, config: MmditConfig) -> Rotation:
    """How far each pair of channels turns: position / theta ** (2i / axis), in float32."""
    angles = []
    for axis, position in zip(config.rope_axes, positions_T3.float().unbind(1), strict=True):
        exponent = torch.arange(0, axis, 2, dtype=torch.float32, device=position.device) / axis
        angles.append(torch.outer(position, 1.0 / config.rope_theta**exponent))
    angle = torch.cat(angles, dim=1)
    return angle.cos(), angle.sin()


def rotations(
    shapes: Sequence[SampleShape],
    config: MmditConfig,
    device: torch.device,
    text_run: tuple[int, int],
    image_run: tuple[int, int],
) -> Rotation:
    """Of the text tokens and behind them the image tokens of a pack, or of one rank's runs of both."""
    text = torch.cat([text_positions(shape) for shape in shapes])[slice(*text_run)]
    image = torch.cat([image_positions(shape, config.rope) for shape in shapes])[slice(*image_run)]
    return rotation(torch.cat([text, image]).to(device), config)


def rotate(x_THD: Tensor, turn: Rotation) -> Tensor:
    """Turns adjacent pairs of channels (2i, 2i + 1) of queries or keys, in float32."""
    cos, sin = turn[0][:, None], turn[1][:, None]
    even, odd = x_THD.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2).to(x_THD.dtype)
