"""Tensors of the released VAE <-> ours: 3-D convolutions to the slice that a single image meets, RGB to RGBA."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from model.configs import VaeConfig
from model.rgba_vae import RgbaVae

_FLAT = ("resample.1.", "to_qkv.", "proj.")  # convolutions that are 2-D in the released network too
_IN, _OUT = "encoder.conv_in.weight", "decoder.conv_out.weight"
_OUT_BIAS = "decoder.conv_out.bias"


def from_released(name: str, tensor: Tensor) -> Tensor:
    """Weights [out, in, t, h, w] -> their last temporal slice; gamma [C, 1, 1, 1] -> [C]."""
    if name.endswith("gamma"):
        return tensor.flatten()
    return tensor[:, :, -1].contiguous() if tensor.ndim == 5 else tensor


def inflated(name: str, tensor: Tensor) -> Tensor:
    """A tensor of the RGB VAE as one of the RGBA VAE (Qwen-Image-Layered, section 3.1).

    New weights are 0 and the new bias is 1, so colours are what they were and alpha is 1 everywhere.
    """
    if name == _IN:
        return torch.cat([tensor, torch.zeros_like(tensor[:, :1])], dim=1)
    if name == _OUT:
        return torch.cat([tensor, torch.zeros_like(tensor[:1])])
    if name == _OUT_BIAS:
        return torch.cat([tensor, torch.ones_like(tensor[:1])])
    return tensor


def released_shapes(config: VaeConfig) -> dict[str, tuple[int, ...]]:
    """Of every tensor of the released network of this configuration."""
    with torch.device("meta"):
        ours = RgbaVae(config).state_dict()
    shapes = {name: _released_shape(name, tuple(tensor.shape)) for name, tensor in ours.items()}
    for name, channels_out, channels_in in _time_convolutions(config):
        shapes[f"{name}.weight"] = (channels_out, channels_in, 3, 1, 1)
        shapes[f"{name}.bias"] = (channels_out,)
    return shapes


def to_released(
    ours: Mapping[str, Tensor], config: VaeConfig, source: Mapping[str, Tensor]
) -> Iterator[tuple[str, Tensor]]:
    """The inverse of `from_released`; what single images never meet comes from `source`, where it has it, or is 0."""
    like = ours[_IN]
    for name, shape in released_shapes(config).items():
        whole = torch.zeros(shape, dtype=like.dtype)
        if name in source:
            given = source[name].to(like.dtype)
            whole[tuple(slice(0, side) for side in given.shape)] = given  # an RGB source of an RGBA network
        if name in ours:
            tensor = ours[name].cpu()
            if len(shape) == 5:
                whole[:, :, -1] = tensor
            else:
                whole = tensor.reshape(shape)
        yield name, whole


def _released_shape(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    if name.endswith("gamma"):
        return (*shape, 1, 1) if ".attentions." in name else (*shape, 1, 1, 1)
    if len(shape) == 4 and not any(part in name for part in _FLAT):
        return (*shape[:2], shape[2], *shape[2:])  # as deep as it is high
    return shape


def _time_convolutions(config: VaeConfig) -> Iterator[tuple[str, int, int]]:
    """(name, channels out, channels in) of what resamples time: at every level but the finest."""
    widths = [config.base_dim * times for times in config.dim_mult]
    levels = len(widths) - 1
    block = config.num_res_blocks
    for level in range(1, levels):
        yield f"encoder.down_blocks.{level * (block + 1) + block}.time_conv", widths[level], widths[level]
    for level in range(levels - 1):
        width = widths[-1 - level]
        yield f"decoder.up_blocks.{level}.upsamplers.0.time_conv", 2 * width, width
