"""What the transformer is given of an example, and how much each token of it counts."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from model.configs import VAE_CONFIGS
from model.packing import unpatchify
from model.rgba_vae import RgbaVae
from model.text_encoder import TextEncoderConfig, load_text_encoder
from tests.training.lone_rank import LONE
from training.batches import Encoders, encode, flow_batch, latents
from training.configuration import Flow
from training.data import Example
from training.flow_module import FlowBatch, losses_of
from training.noising import noise_of, sigma_of
from training.recipes import Planned, Recipe, Task

SIZES = [(64, 32), (32, 64), (64, 32)]
TASKS = [Task.IMAGE_TO_LAYERS, Task.TEXT_TO_RGB, Task.TEXT_TO_LAYERS]
FRAMES = [4, 1, 3]


@pytest.fixture(scope="module")
def encoders():
    torch.manual_seed(0)
    vae = RgbaVae(VAE_CONFIGS["tiny"]).eval().requires_grad_(False)
    return Encoders(vae, vae, load_text_encoder(TextEncoderConfig("tiny"), dtype=torch.float32))


def example(place):
    rng = np.random.default_rng(place)
    (width, height), task, frames = SIZES[place], TASKS[place], FRAMES[place]
    groups = tuple((at, at + 1) for at in range(frames - 1)) if task.is_layered else ()
    recipe = Recipe(task, (width, height), 0, groups=groups)
    pixels = rng.integers(0, 256, (frames, height, width, 4), np.uint8)
    return Example(Planned(100 + place, 0, place, recipe, None), pixels, f"prompt {place}")


@pytest.fixture(scope="module")
def encoded(encoders):
    return encode([example(place) for place in range(3)], encoders, LONE.device)


def batch_of(encoded, flow=Flow(), weight=1.0, sigmas=None) -> FlowBatch:  # noqa: B008 - frozen
    return flow_batch(encoded, flow, weight, 7, 2, LONE, sigmas)


def test_pictures_are_encoded_as_alone(encoders, encoded):
    for place, one in enumerate(encoded):
        own = latents(encoders.vae, example(place).frames, LONE.device)
        torch.testing.assert_close(one.frames_FChw, own, atol=1e-5, rtol=1e-5)


def test_levels_are_rounded_to_bf16_once():
    """What an identity would encode: every level within half a unit of the last of 8 bits."""
    weight = torch.zeros(1, dtype=torch.bfloat16)
    vae = SimpleNamespace(
        config=VAE_CONFIGS["tiny"], quant_conv=SimpleNamespace(weight=weight), encode=lambda x: (x, x),
        normalise=lambda z: z,
    )  # fmt: skip
    levels = np.arange(256, dtype=np.uint8).repeat(4).reshape(1, 16, 16, 4)
    seen = latents(vae, levels, LONE.device)
    exact = torch.from_numpy(levels).permute(0, 3, 1, 2).double() / 127.5 - 1
    assert bool(((seen - exact).abs() <= exact.abs() * 2**-8 + 1e-7).all())


def test_only_a_decomposition_has_a_condition_and_it_is_the_composite(encoded):
    assert [one.condition_Chw is not None for one in encoded] == [True, False, False]
    assert torch.equal(encoded[0].condition_Chw, encoded[0].frames_FChw[0])


def test_the_condition_of_the_ablation_is_seen_by_its_own_vae(encoders, encoded):
    torch.manual_seed(1)
    rgb = RgbaVae(replace(VAE_CONFIGS["tiny"], image_channels=3)).eval()
    other = encode([example(0)], replace(encoders, condition_vae=rgb), LONE.device)[0]
    torch.testing.assert_close(other.frames_FChw, encoded[0].frames_FChw, atol=1e-5, rtol=1e-5)
    assert torch.equal(other.condition_Chw, latents(rgb, example(0).frames[:1], LONE.device)[0])


def test_tokens_are_noised_latents_and_targets_their_velocity(encoded):
    batch = batch_of(encoded)
    one = encoded[1]
    noise, sigma = noise_of(7, 101, tuple(one.frames_FChw.shape), LONE.device), sigma_of(7, 101, Flow())
    own = batch.image_TC[batch.layout.image_sample_T == 1]
    torch.testing.assert_close(unpatchify(own, (4, 2), 2), (1 - sigma) * one.frames_FChw + sigma * noise)
    torch.testing.assert_close(unpatchify(batch.target_PC[batch.sample_P == 1], (4, 2), 2), noise - one.frames_FChw)


def test_the_condition_is_clean_and_not_predicted(encoded):
    batch = batch_of(encoded)
    own = batch.image_TC[batch.layout.image_sample_T == 0]
    assert torch.equal(unpatchify(own[-8:], (2, 4), 2)[0], encoded[0].condition_Chw)
    assert (batch.sample_P == 0).sum() == 4 * 8


def test_levels_are_drawn_or_given(encoded):
    assert batch_of(encoded).sigma_B.tolist() == [sigma_of(7, 100 + place, Flow()).item() for place in range(3)]
    assert batch_of(encoded, sigmas=[0.1, 0.5, 0.9]).sigma_B.tolist() == pytest.approx([0.1, 0.5, 0.9])
    assert (batch_of(encoded, Flow(mean=3.0)).sigma_B > batch_of(encoded).sigma_B).all()


def test_plain_rgb_is_told_from_layers(encoded):
    assert batch_of(encoded).t_cond_B.tolist() == [0, 1, 0]


@pytest.mark.parametrize("weight", [0.0, 1.0, 3.0])
def test_a_sample_counts_one_whatever_its_composite_weighs(encoded, weight):
    batch = batch_of(encoded, weight=weight)
    for place in range(3):
        share = batch.share_P[batch.sample_P == place]
        assert share.sum().item() == pytest.approx(1.0)
        if TASKS[place].is_layered:
            composite = batch.share_P[(batch.sample_P == place) & (batch.frame_P == 0)].sum().item()
            assert composite == pytest.approx(weight / (weight + FRAMES[place] - 1))


def test_the_loss_is_the_weighted_mean_of_squared_errors(encoded):
    batch = batch_of(encoded, weight=2.0)
    out = torch.randn(batch.target_PC.shape, generator=torch.Generator().manual_seed(0))
    losses = losses_of(out, batch)
    for place in range(3):
        own = batch.sample_P == place
        frames = [
            (out - batch.target_PC)[own & (batch.frame_P == frame)].square().mean() for frame in range(FRAMES[place])
        ]
        weights = [2.0 if TASKS[place].is_layered and frame == 0 else 1.0 for frame in range(FRAMES[place])]
        mean = sum(w * one for w, one in zip(weights, frames, strict=True)) / sum(weights)
        assert losses.samples_B[place].item() == pytest.approx(mean.item(), rel=1e-5)
