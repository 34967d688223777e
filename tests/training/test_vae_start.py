"""A new VAE begins as a resampler, from its seed alone."""

from dataclasses import replace

import pytest
import torch

from model.configs import VAE_CONFIGS, VaeConfig
from training.vae_start import new_vae

TINY = VAE_CONFIGS["tiny"]


def smooth(channels, side=32):
    """A picture that means of 8 px hold: every channel a ramp in a direction of its own."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, side), torch.linspace(-1, 1, side), indexing="ij")
    return torch.stack([x, -x, y, -y][:channels])[None]


@pytest.mark.parametrize(
    "config",
    [
        TINY,
        replace(TINY, image_channels=3),
        replace(TINY, dim_mult=(1, 2, 4)),
        VaeConfig(16),
        VaeConfig(6, z_dim=4, latents_mean=(0.0,) * 4, latents_std=(1.0,) * 4),
    ],
)
@torch.no_grad()
def test_it_gives_back_what_is_smooth(config):
    x = smooth(config.image_channels)
    vae = new_vae(config, 0)
    y = vae.decode(vae.encode(x)[0])
    assert (x - y).square().mean() < x.square().mean() / 3
    assert torch.corrcoef(torch.stack([x.flatten(), y.flatten()]))[0, 1] > 0.85


def test_every_parameter_is_reached_by_the_first_two_gradients():
    """What begins at zero hides what lies before it for one step, no longer."""
    vae = new_vae(TINY, 0)
    optimizer = torch.optim.AdamW(vae.parameters(), 1e-3)
    reached = set()
    for _ in range(2):
        mean, log_variance = vae.encode(smooth(4) + torch.rand(2, 4, 32, 32))
        (vae.decode(mean + log_variance).square().mean()).backward()
        reached |= {name for name, one in vae.named_parameters() if one.grad is not None and one.grad.any()}
        optimizer.step()
        optimizer.zero_grad()
    assert reached == {name for name, _ in vae.named_parameters()}


def test_the_seed_alone_makes_it_and_nobody_s_random_numbers_move():
    before = torch.random.get_rng_state()
    first = new_vae(TINY, 3).state_dict()
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(5)
    again, other = new_vae(TINY, 3).state_dict(), new_vae(TINY, 4).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["encoder.conv_in.weight"], other["encoder.conv_in.weight"])
