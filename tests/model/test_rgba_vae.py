"""The 2-D VAE is diffusers' 3-D one on single images."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.configs import VaeConfig
from model.inflate import inflated
from model.rgba_vae import RgbaVae, in_micro_batches
from tests.model.released import decode, encode, our_vae, released_vae

SMALL = VaeConfig(base_dim=8, num_res_blocks=1)


@settings(max_examples=8)
@given(
    base_dim=st.sampled_from([4, 8, 12]),
    blocks=st.integers(1, 3),
    channels=st.sampled_from([3, 4]),
    levels=st.sampled_from([(1, 2, 4, 4), (1, 2), (1, 1, 2), (1, 1, 2, 2, 2), (1,)]),
    rows=st.integers(1, 3),
    columns=st.integers(1, 3),
    seed=st.integers(0, 9),
)
@torch.no_grad()
def test_it_equals_diffusers(base_dim, blocks, channels, levels, rows, columns, seed):
    config = VaeConfig(base_dim, dim_mult=levels, num_res_blocks=blocks, image_channels=channels)
    theirs = released_vae(config, seed)
    ours = our_vae(theirs, config)
    generator = torch.Generator().manual_seed(seed)  # rounding takes nearly all of the tolerance
    x = torch.rand(2, channels, rows * config.stride, columns * config.stride, generator=generator) * 2 - 1
    z = encode(theirs, x)
    torch.testing.assert_close(ours.encode(x)[0], z, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.decode(z).clamp(-1, 1), decode(theirs, z), atol=1e-5, rtol=0)


@torch.no_grad()
def test_the_released_widths_equal_diffusers():
    config = VaeConfig()
    theirs = released_vae(config)
    ours = our_vae(theirs, config)
    x = torch.rand(1, 4, 64, 48) * 2 - 1
    z = encode(theirs, x)
    torch.testing.assert_close(ours.encode(x)[0], z, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.decode(z).clamp(-1, 1), decode(theirs, z), atol=1e-5, rtol=0)


@torch.no_grad()
def test_inflated_from_rgb_it_keeps_the_colours_and_its_alpha_is_exactly_one():
    rgb = VaeConfig(base_dim=8, image_channels=3)
    theirs = released_vae(rgb)
    ours = RgbaVae(VaeConfig(base_dim=8))
    ours.load_state_dict({name: inflated(name, tensor) for name, tensor in our_vae(theirs, rgb).state_dict().items()})
    x = torch.rand(1, 4, 16, 24) * 2 - 1
    z = ours.encode(x)[0]
    torch.testing.assert_close(z, encode(theirs, x[:, :3]), atol=1e-5, rtol=0)
    for dtype in (torch.float32, torch.bfloat16):
        assert (ours.to(dtype).decode(z.to(dtype))[:, 3] == 1).all()


def test_recomputed_gradients_are_those_of_kept_activations():
    vae = RgbaVae(SMALL)
    x = torch.rand(1, 4, 16, 16)

    def gradients(recomputes):
        vae.recomputes = recomputes
        vae.zero_grad()
        mean, _ = vae.encode(x)
        vae.decode(mean).square().mean().backward()
        return [parameter.grad.clone() for parameter in vae.parameters() if parameter.grad is not None]

    for kept, recomputed in zip(gradients(False), gradients(True), strict=True):
        assert torch.equal(kept, recomputed)


def test_normalised_latents_come_back():
    vae, z = RgbaVae(SMALL), torch.randn(2, 16, 3, 5)
    torch.testing.assert_close(vae.denormalise(vae.normalise(z)), z)
    mean = torch.tensor(SMALL.latents_mean)[:, None, None].expand(1, 16, 3, 5)
    assert vae.normalise(mean).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 3, 16, 16), r"\[B, 4, H, W\], not \[1, 3, 16, 16\]"),
        ((1, 4, 16, 20), "20 x 16 px; both sides must be multiples of 8"),
    ],
)
def test_a_picture_that_does_not_fit_is_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        RgbaVae(SMALL).encode(torch.zeros(shape))


@torch.no_grad()
def test_bfloat16_is_near_float32():
    vae, x = RgbaVae(SMALL), torch.rand(1, 4, 16, 16)
    mean = vae.encode(x)[0]
    picture = vae.decode(mean)
    vae.to(torch.bfloat16)
    half = vae.encode(x.bfloat16())[0]
    half_picture = vae.decode(vae.denormalise(vae.normalise(half)))
    assert half.dtype == half_picture.dtype == torch.bfloat16
    assert (half.float() - mean).norm() <= 0.03 * mean.norm()
    assert (half_picture.float() - picture).norm() <= 0.05 * picture.norm()


@torch.no_grad()
def test_micro_batches_are_one_batch():
    vae, x = RgbaVae(SMALL), torch.rand(5, 4, 16, 16)
    sizes = []

    def encode_some(part):
        sizes.append(len(part))
        return vae.encode(part)[0]

    torch.testing.assert_close(in_micro_batches(encode_some, x, 2 * 16 * 16), vae.encode(x)[0], atol=1e-5, rtol=0)
    in_micro_batches(encode_some, x, 1)
    assert sizes == [2, 2, 1, 1, 1, 1, 1, 1]
