"""The losses of the VAE are what their formulas say, picture by picture."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck
from torch.distributions import Normal, kl_divergence

from training.vae_losses import (
    alpha_edges,
    alpha_error,
    divergence,
    edges_at_scales,
    over,
    over_random_ground,
    perceptual,
    reconstruction,
)

LOSSES = [reconstruction, alpha_error, alpha_edges, lambda x, y: perceptual(x, y, edges_at_scales)]


def pictures(count=3, side=8, seed=0):
    return torch.rand(count, 4, side, side, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def squared_error_over(x, y, ground_B3):
    """By the definition: both are laid on the ground."""
    ground = ground_B3[:, :, None, None]

    def laid(picture):
        alpha = (picture[:, 3:] + 1) / 2
        return alpha * picture[:, :3] + (1 - alpha) * ground

    return (laid(x) - laid(y)).square().mean(dim=(1, 2, 3))


def on_grey(x, y, level):
    return squared_error_over(x, y, torch.full((len(x), 3), level, dtype=x.dtype))


def test_the_closed_form_is_the_exact_integral_over_uniform_grounds_and_black_and_white():
    x, y = pictures(seed=1), pictures(seed=2)
    # The error is a polynomial of degree 2 in the ground, which Gauss-Legendre integrates exactly with two nodes;
    # channels do not meet, so that one grey at a time gives each channel's integral.
    nodes, weights = np.polynomial.legendre.leggauss(2)
    uniform = sum(weight / 2 * on_grey(x, y, node) for node, weight in zip(nodes, weights, strict=True))
    expected = (uniform + on_grey(x, y, -1.0) + on_grey(x, y, 1.0)) / 3
    torch.testing.assert_close(reconstruction(x, y), expected, atol=1e-12, rtol=0)


def test_the_closed_form_is_the_mean_over_drawn_grounds():
    x, y = pictures(1, seed=3), pictures(1, seed=4)
    generator = torch.Generator().manual_seed(0)
    grounds = torch.rand(4000, 3, dtype=torch.float64, generator=generator) ** 2  # of mean 1/3, mean square 1/5
    drawn = squared_error_over(x.expand(4000, -1, -1, -1), y.expand(4000, -1, -1, -1), grounds)
    standard_error = drawn.std() / 4000**0.5
    assert abs(over_random_ground(x, y, 1 / 3, 1 / 5) - drawn.mean()) < 4 * standard_error


@pytest.mark.parametrize("loss", LOSSES)
def test_a_picture_has_no_loss_from_itself_and_colour_that_nobody_sees_counts_nothing(loss):
    x, y = pictures(), pictures()
    assert loss(x, x).abs().max() == 0
    x[:, 3] = y[:, 3] = -1
    y[:, :3] = -x[:, :3]
    assert loss(x, y).abs().max() == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_a_picture_s_loss_does_not_depend_on_its_batch(loss):
    x, y = pictures(seed=5), pictures(seed=6)
    alone = torch.cat([loss(x[k : k + 1], y[k : k + 1]) for k in range(len(x))])
    torch.testing.assert_close(loss(x, y), alone, atol=1e-12, rtol=0)
    assert loss(x, y).shape == (3,)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_those_of_differences(loss):
    x, y = pictures(1, seed=7), pictures(1, seed=8).requires_grad_()
    assert gradcheck(lambda y: loss(x, y), (y,))


def test_a_posterior_s_divergence_is_torch_s():
    mean = torch.randn(2, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    log_variance = torch.randn(2, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    theirs = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).mean(dim=(1, 2, 3))
    torch.testing.assert_close(divergence(mean, log_variance), theirs)
    assert gradcheck(divergence, (mean, log_variance))


def test_black_is_minus_one_and_white_plus_one():
    clear = torch.tensor([0.3, 0.3, 0.3, -1.0])[None, :, None, None]
    assert (over(clear, -1.0) == -1).all()
    assert (over(clear, 1.0) == 1).all()
    half = torch.tensor([1.0, 1.0, 1.0, 0.0])[None, :, None, None]  # alpha 1/2 of white
    assert (over(half, -1.0) == 0).all()
    assert (over(half, 1.0) == 1).all()


def test_a_difference_in_alpha_counts_whatever_the_colour():
    """White at half alpha and a white picture are alike over white alone."""
    x = torch.ones(1, 4, 4, 4, dtype=torch.float64)
    y = x.clone()
    y[:, 3] = 0
    # Over a ground b the difference is (1 - b) / 2, whose mean square is (1 + 7/9) / 4.
    torch.testing.assert_close(reconstruction(x, y), torch.tensor([4 / 9], dtype=torch.float64))
    assert alpha_error(x, y).item() == 0.5
    assert alpha_edges(x, y).item() == 0


def test_a_blurred_contour_costs_more_edges_than_a_wrong_tint():
    x = torch.ones(1, 3, 16, 16)
    x[..., 8:] = -1
    blurred = x.clone()
    blurred[..., 7:9] = 0
    assert edges_at_scales(x, blurred) > 0
    assert edges_at_scales(x, x * 1.0 + 0.2).item() < 1e-6
