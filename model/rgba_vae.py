"""RGBA pictures -> latents -> RGBA pictures: the Qwen-Image VAE with an alpha channel, for single images.

Legend: B pictures, C channels, H W pixels, h w latent cells (H / stride), z latent channels.

The released network is a video VAE of causal 3-D convolutions. A single image meets only the last temporal slice
of each, and never the temporal resampling, so these 2-D convolutions are the same function at a third of the
arithmetic (`checkpoint` converts the weights both ways). Modules bear the released names.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from model.configs import VaeConfig


class RmsNorm(nn.Module):
    """`x / rms(x) * gamma` over the channels of each pixel, in float32 where `x` is half precision."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x = x_BCHW.float() if x_BCHW.dtype in (torch.float16, torch.bfloat16) else x_BCHW
        # Norms below 1e-12 are taken for that, as torch's `normalize` does.
        scale = x.square().sum(1, keepdim=True).clamp_min(1e-24).rsqrt() * x.shape[1] ** 0.5
        return (x * scale).to(x_BCHW.dtype) * self.gamma[:, None, None]


class ResidualBlock(nn.Module):
    """norm, silu, conv, twice; beside a 1x1 convolution where the width changes."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.norm1 = RmsNorm(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm2 = RmsNorm(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(channels_in, channels_out, 1) if channels_in != channels_out else nn.Identity()

    def forward(self, x_BCHW: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x_BCHW)))
        return self.conv2(F.silu(self.norm2(h))) + self.conv_shortcut(x_BCHW)


class AttentionBlock(nn.Module):
    """Self-attention of one head over all cells."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = RmsNorm(channels)
        self.to_qkv = nn.Conv2d(channels, channels * 3, 1)
        self.proj = nn.Conv2d(channels, channels, 1)

    def forward(self, x_BChw: Tensor) -> Tensor:
        batch, channels, height, width = x_BChw.shape
        qkv = self.to_qkv(self.norm(x_BChw)).flatten(2).transpose(1, 2)
        q, k, v = (part.unsqueeze(1) for part in qkv.chunk(3, dim=-1))  # [B, 1, cells, C]
        out = F.scaled_dot_product_attention(q, k, v).squeeze(1).transpose(1, 2)
        return self.proj(out.reshape(batch, channels, height, width)) + x_BChw


class MidBlock(nn.Module):
    """The part that sees the whole picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([AttentionBlock(channels)])
        self.resnets = nn.ModuleList([ResidualBlock(channels, channels), ResidualBlock(channels, channels)])

    def forward(self, x_BChw: Tensor) -> Tensor:
        return self.resnets[1](self.attentions[0](self.resnets[0](x_BChw)))


class Downsample(nn.Module):
    """Halves the sides."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.resample = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(channels, channels, 3, stride=2))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.resample(x_BCHW)


class Upsample(nn.Module):
    """Doubles the sides and halves the width."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.resample = nn.Sequential(
            nn.Upsample(scale_factor=2.0, mode="nearest-exact"), nn.Conv2d(channels, channels // 2, 3, padding=1)
        )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.resample(x_BCHW)


class UpBlock(nn.Module):
    """One level of the decoder."""

    def __init__(self, channels_in: int, channels_out: int, num_res_blocks: int, *, is_last: bool) -> None:
        super().__init__()
        widths = [channels_in] + [channels_out] * (num_res_blocks + 1)
        self.resnets = nn.ModuleList([ResidualBlock(*pair) for pair in pairwise(widths)])
        self.upsamplers = None if is_last else nn.ModuleList([Upsample(channels_out)])

    def layers(self) -> Iterator[nn.Module]:
        yield from self.resnets
        yield from self.upsamplers or ()


class Encoder(nn.Module):
    """[B, C, H, W] in [-1, 1] -> moments [B, 2z, h, w], mean and log variance, before `quant_conv`."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths = [config.base_dim * times for times in (1, *config.dim_mult)]
        self.conv_in = nn.Conv2d(config.image_channels, widths[0], 3, padding=1)
        blocks: list[nn.Module] = []
        for level, (channels_in, channels_out) in enumerate(pairwise(widths)):
            blocks.append(ResidualBlock(channels_in, channels_out))
            blocks.extend(ResidualBlock(channels_out, channels_out) for _ in range(config.num_res_blocks - 1))
            if level < len(config.dim_mult) - 1:
                blocks.append(Downsample(channels_out))
        self.down_blocks = nn.ModuleList(blocks)
        self.mid_block = MidBlock(widths[-1])
        self.norm_out = RmsNorm(widths[-1])
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.z_dim, 3, padding=1)

    def convolutional(self) -> list[nn.Module]:
        """The levels that see a neighbourhood only, in order."""
        return [self.conv_in, *self.down_blocks]

    def head(self, x_BChw: Tensor) -> Tensor:
        return self.conv_out(F.silu(self.norm_out(self.mid_block(x_BChw))))


class Decoder(nn.Module):
    """[B, z, h, w], after `post_quant_conv` -> [B, C, H, W], not clamped."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths = [config.base_dim * times for times in (config.dim_mult[-1], *reversed(config.dim_mult))]
        self.conv_in = nn.Conv2d(config.z_dim, widths[0], 3, padding=1)
        self.mid_block = MidBlock(widths[0])
        self.up_blocks = nn.ModuleList(
            UpBlock(
                channels_in // 2 if level else channels_in,  # the upsampler before it halved them
                channels_out,
                config.num_res_blocks,
                is_last=level == len(config.dim_mult) - 1,
            )
            for level, (channels_in, channels_out) in enumerate(pairwise(widths))
        )
        self.norm_out = RmsNorm(widths[-1])
        self.conv_out = nn.Conv2d(widths[-1], config.image_channels, 3, padding=1)

    def stem(self, z_Bzhw: Tensor) -> Tensor:
        return self.mid_block(self.conv_in(z_Bzhw))

    def convolutional(self) -> list[nn.Module]:
        """The levels that see a neighbourhood only, in order."""
        levels = [layer for block in self.up_blocks for layer in block.layers()]
        return [*levels, nn.Sequential(self.norm_out, nn.SiLU(), self.conv_out)]


class RgbaVae(nn.Module):
    """`encode` to the posterior's moments, `decode` to pictures; `normalise` is what the transformer reads.

    Sides are multiples of `config.stride`. With `recomputes`, the backward pass computes each level again instead of
    keeping its activations.
    """

    def __init__(self, config: VaeConfig | None = None) -> None:
        super().__init__()
        self.config = config or VaeConfig()
        z = self.config.z_dim
        self.encoder = Encoder(self.config)
        self.quant_conv = nn.Conv2d(2 * z, 2 * z, 1)
        self.post_quant_conv = nn.Conv2d(z, z, 1)
        self.decoder = Decoder(self.config)
        self.recomputes = False
        self.to(memory_format=torch.channels_last)

    def encode(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """(mean, log variance) [B, z, h, w] of the posterior; its mode is the mean.

        Raises ValueError for another number of channels, or sides that are no multiple of the stride.
        """
        self.check_picture(x_BCHW)
        x = self.through(self.encoder.convolutional(), x_BCHW.contiguous(memory_format=torch.channels_last))
        return self.moments(x)

    def moments(self, x_BChw: Tensor) -> tuple[Tensor, Tensor]:
        """What follows the encoder's convolutional levels."""
        mean, log_variance = self.quant_conv(self.encoder.head(x_BChw)).chunk(2, dim=1)
        return mean, log_variance.clamp(-30.0, 20.0)

    def decode(self, z_Bzhw: Tensor) -> Tensor:
        """Pictures [B, C, H, W], not clamped to [-1, 1]: losses want the gradient beyond."""
        return self.through(self.decoder.convolutional(), self.stem(z_Bzhw))

    def stem(self, z_Bzhw: Tensor) -> Tensor:
        """What precedes the decoder's convolutional levels."""
        if z_Bzhw.ndim != 4 or z_Bzhw.shape[1] != self.config.z_dim:
            raise ValueError(f"latents are [B, {self.config.z_dim}, h, w], not {list(z_Bzhw.shape)}")
        return self.decoder.stem(self.post_quant_conv(z_Bzhw.contiguous(memory_format=torch.channels_last)))

    def normalise(self, z_Bzhw: Tensor) -> Tensor:
        """Latents with about mean 0 and deviation 1 in every channel."""
        mean, std = self._statistics(z_Bzhw)
        return (z_Bzhw - mean) / std

    def denormalise(self, z_Bzhw: Tensor) -> Tensor:
        """The inverse of `normalise`."""
        mean, std = self._statistics(z_Bzhw)
        return z_Bzhw * std + mean

    def _statistics(self, like: Tensor) -> tuple[Tensor, Tensor]:
        mean, std = (
            like.new_tensor(values)[:, None, None] for values in (self.config.latents_mean, self.config.latents_std)
        )
        return mean, std

    def through(self, levels: list[nn.Module], x: Tensor) -> Tensor:
        """Through one level after another."""
        for level in levels:
            x = checkpoint(level, x, use_reentrant=False) if self.recomputes and torch.is_grad_enabled() else level(x)
        return x

    def check_picture(self, x_BCHW: Tensor) -> None:
        """Raises ValueError for what `encode` does not take."""
        channels, stride = self.config.image_channels, self.config.stride
        if x_BCHW.ndim != 4 or x_BCHW.shape[1] != channels:
            raise ValueError(f"pictures are [B, {channels}, H, W], not {list(x_BCHW.shape)}")
        if x_BCHW.shape[2] % stride or x_BCHW.shape[3] % stride:
            height, width = x_BCHW.shape[2:]
            raise ValueError(f"a picture of {width} x {height} px; both sides must be multiples of {stride}")


def in_micro_batches(step: Callable[[Tensor], Tensor], x_BCHW: Tensor, most_px: int) -> Tensor:
    """`step` on as many pictures at a time as have `most_px` pixels together, one at least; results in one batch.

    The layers of a sample are encoded and decoded each on its own, so that memory need not grow with their number.
    """
    count = max(1, most_px // (x_BCHW.shape[2] * x_BCHW.shape[3]))
    return torch.cat([step(part) for part in x_BCHW.split(count)])
