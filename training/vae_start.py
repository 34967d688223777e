"""A configuration and a seed in, a VAE out that begins as a resampler: latents are the means of cells, to start with.

With random weights an RGBA VAE of a few channels learns alpha and stays grey for thousands of steps: `RmsNorm` takes
every pixel's length away, and with it how bright it is. Here each channel of the picture has a channel of its own all
the way down and up, and beside them goes a constant, against which a pixel's length still shows; what else there is
begins random, and learns the rest. On drawn designs of 64 to 128 px, 600 steps of 8 crops took `tiny` to 22 dB on
composites; from torch's weights 2,300 steps took it to 13 dB.
"""

import torch
from torch import Tensor, nn

from model.configs import VaeConfig
from model.rgba_vae import AttentionBlock, Downsample, ResidualBlock, RgbaVae, Upsample

_CONSTANT = 4.0  # beside colours in [-1, 1]
_LOG_VARIANCE = -6.0  # of the posterior: hardly any noise until the network can stand it
_PLAIN = 16  # pictures of one colour each
_DAMPED = 0.1  # how much of the picture the log variance shows


def new_vae(config: VaeConfig, seed: int) -> RgbaVae:
    """float32, from the seed alone."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        vae = RgbaVae(config)
        for module in vae.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
                nn.init.zeros_(module.bias)
        _thread(vae)
        _pass_latents(vae)
        _balance(vae)
    return vae


def _thread(vae: RgbaVae) -> None:
    """The picture's channels and the constant, in the first channels of every level."""
    channels = vae.config.image_channels
    for module in vae.modules():
        if isinstance(module, Downsample):
            _carry(module.resample[1], channels + 1, _MEAN)
        elif isinstance(module, Upsample):
            _carry(module.resample[1], channels + 1, _TENT)
        elif isinstance(module, ResidualBlock):
            nn.init.zeros_(module.conv2.weight)
            if isinstance(module.conv_shortcut, nn.Conv2d):
                _carry(module.conv_shortcut, channels + 1, _SAME)
        elif isinstance(module, AttentionBlock):
            nn.init.zeros_(module.proj.weight)
    for part in (vae.encoder, vae.decoder):
        _carry(part.conv_in, channels, _CENTRE)
        part.conv_in.weight[channels] = 0
        part.conv_in.bias[channels] = _CONSTANT


def _pass_latents(vae: RgbaVae) -> None:
    """The 1x1 convolutions around the latents begin as the identity."""
    z = vae.config.z_dim
    nn.init.dirac_(vae.quant_conv.weight)
    vae.quant_conv.weight[z:] *= _DAMPED
    vae.quant_conv.bias[z:] = _LOG_VARIANCE
    nn.init.dirac_(vae.post_quant_conv.weight)


def _balance(vae: RgbaVae) -> None:
    """`conv_out` of both halves undoes, nearly, what norm and activation do to the picture: on plain colours.

    The norm multiplies by `width ** 0.5 / length` of a pixel, and silu halves what is small.
    """
    side = 2 * vae.config.stride
    colours = torch.rand(_PLAIN, vae.config.image_channels, 1, 1) * 2 - 1
    lengths: list[float] = []
    for part in (vae.encoder, vae.decoder):
        hook = part.norm_out.register_forward_pre_hook(lambda _, given: lengths.append(_length(given[0])))
        vae.decode(vae.encode(colours.expand(-1, -1, side, side))[0])
        hook.remove()
        _carry(part.conv_out, vae.config.image_channels, 2 * lengths[-1] / part.norm_out.gamma.numel() ** 0.5 * _CENTRE)


def _length(x_BCHW: Tensor) -> float:
    return x_BCHW.square().sum(dim=1).sqrt().mean().item()


def _carry(conv: nn.Conv2d, count: int, tap: Tensor) -> None:
    """The first `count` channels, where there are as many, go through by `tap` [kh, kw], each by itself."""
    count = min(count, conv.in_channels, conv.out_channels)
    conv.weight[:count] = 0
    for channel in range(count):
        conv.weight[channel, channel] = tap


_SAME = torch.ones(1, 1)
_CENTRE = torch.zeros(3, 3)
_CENTRE[1, 1] = 1
_MEAN = torch.zeros(3, 3)  # of the four pixels that become one; the padding is to the right and below
_MEAN[:2, :2] = 1 / 4
_TENT = torch.outer(torch.tensor([1.0, 2.0, 1.0]), torch.tensor([1.0, 2.0, 1.0])) / 16
