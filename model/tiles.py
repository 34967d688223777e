"""Large pictures through the RGBA-VAE in tiles, equal to the whole within rounding.

The convolutional levels see a neighbourhood only, so a tile with a halo of that reach gives the very values of the
whole; the mid block, which sees everything, runs on all of the latent. What is saved is the memory of the levels at
full resolution.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import torch
from torch import Tensor, nn

from model.rgba_vae import Downsample, ResidualBlock, RgbaVae, Upsample

Span = tuple[int, int]


def encode_tiled(vae: RgbaVae, x_BCHW: Tensor, tile_px: int = 512) -> tuple[Tensor, Tensor]:
    """`vae.encode`, with at most `tile_px` (a multiple of the stride) and a halo of a side at a time."""
    vae.check_picture(x_BCHW)
    stride = vae.config.stride
    if tile_px <= 0 or tile_px % stride:
        raise ValueError(f"tile_px is {tile_px}; it must be a positive multiple of {stride}")
    levels = vae.encoder.convolutional()
    halo = -(-encoder_reach_px(levels) // stride) * stride  # tiles begin where the strides of the whole do
    x_BCHW = x_BCHW.contiguous(memory_format=torch.channels_last)
    rows = []
    for top, bottom in _spans(x_BCHW.shape[2], tile_px):
        row = []
        for left, right in _spans(x_BCHW.shape[3], tile_px):
            y, x = _wider((top, bottom), halo, x_BCHW.shape[2]), _wider((left, right), halo, x_BCHW.shape[3])
            tile = vae.through(levels, x_BCHW[:, :, slice(*y), slice(*x)])
            inner_y = slice((top - y[0]) // stride, (bottom - y[0]) // stride)
            inner_x = slice((left - x[0]) // stride, (right - x[0]) // stride)
            row.append(tile[:, :, inner_y, inner_x])
        rows.append(torch.cat(row, dim=3))
    return vae.moments(torch.cat(rows, dim=2))


def decode_tiled(vae: RgbaVae, z_Bzhw: Tensor, tile_px: int = 512) -> Tensor:
    """`vae.decode`, with at most `tile_px` (a multiple of the stride) and a halo of a side at a time."""
    stride = vae.config.stride
    if tile_px <= 0 or tile_px % stride:
        raise ValueError(f"tile_px is {tile_px}; it must be a positive multiple of {stride}")
    levels = vae.decoder.convolutional()
    halo = -(-decoder_reach_px(levels, stride) // stride)
    stem = vae.stem(z_Bzhw)
    height, width = stem.shape[2:]
    out = z_Bzhw.new_empty(len(z_Bzhw), vae.config.image_channels, height * stride, width * stride)
    spans = product(_spans(height, tile_px // stride), _spans(width, tile_px // stride))
    for (top, bottom), (left, right) in spans:
        y, x = _wider((top, bottom), halo, height), _wider((left, right), halo, width)
        tile = vae.through(levels, stem[:, :, slice(*y), slice(*x)])
        inner_y = slice((top - y[0]) * stride, (bottom - y[0]) * stride)
        inner_x = slice((left - x[0]) * stride, (right - x[0]) * stride)
        out[:, :, top * stride : bottom * stride, left * stride : right * stride] = tile[:, :, inner_y, inner_x]
    return out


def encoder_reach_px(levels: Sequence[nn.Module]) -> int:
    """How far from a latent cell the pixels lie, at most, that it depends on."""
    reach, scale = 1, 1  # conv_in
    for level in levels[1:]:
        if isinstance(level, Downsample):
            reach += 2 * scale  # to the right: its padding is on that side
            scale *= 2
        elif isinstance(level, ResidualBlock):
            reach += 2 * scale
    return reach + scale - 1  # from any pixel of the cell


def decoder_reach_px(levels: Sequence[nn.Module], stride: int) -> int:
    """How far from a pixel the latent cells lie, at most, that it depends on."""
    reach, scale = 1, stride  # conv_out
    for level in levels[:-1]:
        if isinstance(level, Upsample):
            scale //= 2
            reach += scale
        elif isinstance(level, ResidualBlock):
            reach += 2 * scale
    return reach


def _spans(length: int, step: int) -> Iterator[Span]:
    for start in range(0, length, step):
        yield start, min(start + step, length)


def _wider(span: Span, halo: int, length: int) -> Span:
    return max(0, span[0] - halo), min(length, span[1] + halo)
