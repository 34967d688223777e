"""The sampler, on a network whose velocity is known, and on a mixed batch."""

import pytest
import torch

from model.configs import MMDIT_CONFIGS
from model.mmdit import VldMmdit
from model.sampler import Request, SamplerOptions, sample

CONFIG = MMDIT_CONFIGS["tiny"]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return VldMmdit(CONFIG).eval()


def request(seed, frames, side, *, is_guided=True, has_condition=True):
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(frames, 16, side, side + 2, generator=generator)
    text, negative = torch.randn(2, 5 + seed, 64, generator=generator)
    condition = torch.randn(16, side, side + 2, generator=generator)
    return Request(noise, text, negative if is_guided else None, condition if has_condition else None)


def test_requests_of_any_size_are_drawn_together_as_they_are_alone(model):
    requests = [request(0, 3, 4), request(1, 5, 6, is_guided=False), request(2, 1, 4, has_condition=False)]
    options = SamplerOptions(steps=3)
    for together, one in zip(sample(model, requests, options), requests, strict=True):
        assert together.shape == one.noise_FChw.shape
        torch.testing.assert_close(together, sample(model, [one], options)[0], atol=1e-4, rtol=1e-4)


def test_a_request_that_is_given_twice_is_drawn_twice(model):
    one = request(0, 2, 4)
    alone = sample(model, [one], SamplerOptions(steps=2))[0]
    for twice in sample(model, [one, one], SamplerOptions(steps=2)):
        torch.testing.assert_close(twice, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 16, 4, 5), (16, 4, 4)), "multiples of 2"),
        (((2, 16, 4, 4), (16, 3, 4)), "multiples of 2"),
        (((2, 16, 4, 4), (4, 4, 4)), r"condition \[4, 4, 4\]"),
        (((16, 4, 4), (16, 4, 4)), r"noise is \[16, 4, 4\]"),
        (((2, 8, 4, 4), (8, 4, 4)), r"image tokens are \[12, 32\]; this pack and network take \[12, 64\]"),
    ],
)
def test_latents_that_do_not_fit_are_refused(model, shapes, message):
    noise, condition = map(torch.zeros, shapes)
    with pytest.raises(ValueError, match=message):
        sample(model, [Request(noise, torch.zeros(3, 64), None, condition)], SamplerOptions(steps=1))


def test_bfloat16_draws_nearly_what_float32_does():
    torch.manual_seed(0)
    network = VldMmdit(CONFIG).eval()
    full = sample(network, [request(0, 3, 4)], SamplerOptions(steps=4))[0]
    half = sample(network.to(torch.bfloat16), [request(0, 3, 4)], SamplerOptions(steps=4))[0]
    assert half.dtype == torch.float32
    assert (half - full).norm() <= 0.03 * full.norm()


def test_guidance_of_1_asks_no_negative_prompt(model):
    plain = sample(model, [request(0, 2, 4, is_guided=False)], SamplerOptions(steps=2))
    one = sample(model, [request(0, 2, 4)], SamplerOptions(steps=2, guidance=1))
    assert torch.equal(plain[0], one[0])


def test_the_rule_of_guidance_matters(model):
    plain, kept = (
        sample(model, [request(0, 2, 4)], SamplerOptions(2, rule=rule))[0] for rule in ("plain", "keep_norm")
    )
    assert not torch.allclose(plain, kept)


def test_a_velocity_towards_known_latents_ends_in_them(model, monkeypatch):
    """Where the network is right at every step, the sampler arrives."""
    one = request(0, 2, 4, is_guided=False)
    target = torch.randn_like(one.noise_FChw)
    from model.packing import patchify

    towards = patchify(one.noise_FChw - target, CONFIG.patch)
    monkeypatch.setattr(VldMmdit, "forward", lambda *arguments: towards)
    torch.testing.assert_close(sample(model, [one], SamplerOptions(steps=9))[0], target, atol=1e-5, rtol=1e-5)


def test_every_step_is_told(model):
    steps = []
    sample(model, [request(0, 1, 4)], SamplerOptions(steps=4), steps.append)
    assert steps == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("values", "message"),
    [({"steps": 0}, "steps is 0"), ({"guidance": 0.5}, "guidance is 0.5"), ({"rule": "x"}, "plain, keep_norm")],
)
def test_wrong_options_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        SamplerOptions(**values)
