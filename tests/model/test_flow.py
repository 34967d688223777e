"""Flow matching in closed form."""

import itertools
import math

import pytest
import torch

from model.flow import (
    ExponentialSchedule,
    clean,
    euler_step,
    guided,
    guided_keeping_norm,
    linear_schedule,
    logit_normal_sigmas,
    noised,
    shift_of,
    shifted,
    uniform_sigmas,
    velocity,
)


def seeded():
    return torch.Generator().manual_seed(0)


def test_sigma_1_is_noise_and_0_is_data():
    latents, noise = torch.randn(2, 7)
    assert torch.equal(noised(latents, noise, torch.tensor(1.0)), noise)
    assert torch.equal(noised(latents, noise, torch.tensor(0.0)), latents)


def test_the_velocity_leads_from_any_sigma_to_the_data():
    latents, noise = torch.randn(2, 7)
    sigma = torch.tensor(0.3)
    x = noised(latents, noise, sigma)
    torch.testing.assert_close(clean(x, velocity(latents, noise), sigma), latents)
    torch.testing.assert_close(euler_step(x, velocity(latents, noise), sigma, torch.tensor(0.0)), latents)


def test_euler_steps_along_a_straight_way_are_exact_however_many():
    latents, noise = torch.randn(2, 7)
    x = noise
    sigmas = linear_schedule(7, 1600)
    for sigma, next_sigma in itertools.pairwise(sigmas):
        x = euler_step(x, velocity(latents, noise), sigma, next_sigma)
    torch.testing.assert_close(x, latents, atol=1e-5, rtol=1e-5)


def test_logit_normal_is_the_sigmoid_of_a_normal():
    sigmas = logit_normal_sigmas(20_000, seeded(), 0.5, 2.0)
    normal = torch.logit(sigmas.double())
    assert abs(normal.mean() - 0.5) < 0.05
    assert abs(normal.std() - 2.0) < 0.05
    assert ((sigmas > 0) & (sigmas < 1)).all()


def test_uniform_has_mean_one_half():
    assert abs(uniform_sigmas(20_000, seeded()).mean() - 0.5) < 0.01


def test_a_shift_is_that_of_the_released_scheduler():
    assert shifted(torch.tensor(0.25), 4.0).item() == pytest.approx(4 / (4 + 1 / 0.25 - 1))
    assert shifted(torch.tensor(0.0), 4.0) == 0
    assert shifted(torch.tensor(1.0), 4.0) == 1


def test_the_shift_is_the_root_of_tokens_over_256():
    assert shift_of(40 * 40) == 2.5
    assert shift_of(64 * 64) == 4.0


def test_the_schedule_equals_the_released_scheduler():
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, time_shift_type="linear")
    even = torch.linspace(1, 1 / 12, 12).tolist()
    scheduler.set_timesteps(sigmas=even, mu=math.sqrt(1600 / 256))
    torch.testing.assert_close(linear_schedule(12, 1600), scheduler.sigmas, atol=1e-6, rtol=0)


@pytest.mark.parametrize("terminal", [0.02, None])
@pytest.mark.parametrize(("steps", "tokens"), [(50, 1600), (2, 256), (7, 12_000)])
def test_the_exponential_schedule_equals_qwen_images(steps, tokens, terminal):
    from diffusers import FlowMatchEulerDiscreteScheduler
    from diffusers.pipelines.qwenimage.pipeline_qwenimage import calculate_shift

    scheduler = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, time_shift_type="exponential", shift_terminal=terminal
    )
    even = torch.linspace(1, 1 / steps, steps).tolist()
    scheduler.set_timesteps(sigmas=even, mu=calculate_shift(tokens, 256, 8192, 0.5, 0.9))
    ours = ExponentialSchedule(terminal=terminal)(steps, tokens)
    torch.testing.assert_close(ours, scheduler.sigmas, atol=2e-6, rtol=0)


def test_one_step_goes_from_noise_to_data():
    assert ExponentialSchedule()(1, 1600).tolist() == [1, 0]
    assert linear_schedule(1, 1600).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [({"max_tokens": 256}, "must grow"), ({"max_shift": float("nan")}, "0..10"), ({"terminal": 1}, "terminal is 1")],
)
def test_an_exponential_schedule_that_cannot_be_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        ExponentialSchedule(**values)


def test_guidance_of_1_is_the_conditional_velocity():
    conditional, unconditional = torch.randn(2, 5, 4)
    torch.testing.assert_close(guided(conditional, unconditional, 1.0), conditional)
    torch.testing.assert_close(guided(conditional, unconditional, 0.0), unconditional)


def test_guidance_that_keeps_the_norm_keeps_it_a_token():
    conditional, unconditional = torch.randn(2, 5, 4)
    out = guided_keeping_norm(conditional, unconditional, 4.0)
    torch.testing.assert_close(out.norm(dim=-1), conditional.norm(dim=-1))
    direction = torch.nn.functional.cosine_similarity(out, guided(conditional, unconditional, 4.0))
    torch.testing.assert_close(direction, torch.ones(5))


def test_guidance_to_nothing_is_nothing():
    zero = torch.zeros(1, 4)
    assert torch.equal(guided_keeping_norm(zero, zero, 4.0), zero)


def test_no_steps_are_refused():
    with pytest.raises(ValueError, match="steps is 0"):
        linear_schedule(0, 256)
