"""Noise and its level follow from the seed and the position alone."""

import pytest
import torch
from scipy import stats

from training.configuration import Flow
from training.noising import noise_of, sigma_of

CPU = torch.device("cpu")


def test_the_same_position_has_the_same_noise_whatever_was_drawn_before():
    first = noise_of(3, 17, (2, 4), CPU)
    torch.manual_seed(5)
    noise_of(3, 18, (9,), CPU)
    assert torch.equal(noise_of(3, 17, (2, 4), CPU), first)


@pytest.mark.parametrize("other", [(4, 17), (3, 18)])
def test_another_seed_or_position_has_another(other):
    assert not torch.equal(noise_of(*other, (8,), CPU), noise_of(3, 17, (8,), CPU))
    assert sigma_of(*other, Flow()) != sigma_of(3, 17, Flow())


def test_noise_is_normal_over_positions():
    draws = torch.stack([noise_of(0, position, (4,), CPU) for position in range(2000)]).flatten()
    assert stats.kstest(draws.numpy(), "norm").pvalue > 1e-3


def test_levels_are_logit_normal_over_positions():
    levels = torch.stack([sigma_of(0, position, Flow(mean=0.5, deviation=2.0)) for position in range(2000)]).double()
    logits = torch.log(levels / (1 - levels))
    assert stats.kstest(logits.numpy(), "norm", (0.5, 2.0)).pvalue > 1e-3


def test_a_shift_makes_levels_higher():
    assert sigma_of(0, 1, Flow(shift=3.0)) > sigma_of(0, 1, Flow())


def test_drawing_leaves_the_global_state_alone():
    torch.manual_seed(9)
    before = torch.get_rng_state()
    noise_of(0, 0, (3,), CPU)
    sigma_of(0, 0, Flow())
    assert torch.equal(torch.get_rng_state(), before)
