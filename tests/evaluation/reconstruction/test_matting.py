import numpy as np
import pytest
from scipy.ndimage import convolve

from evaluation.reconstruction.matting import alpha_errors, gradient_magnitude


def _soft_edge(place: int) -> np.ndarray:
    ramp = np.clip((np.arange(60) - place) * 32, 0, 255).astype(np.uint8)
    return np.tile(ramp, (40, 1))


def test_identical_planes_have_no_error() -> None:
    errors = alpha_errors(_soft_edge(20), _soft_edge(20))
    assert (errors.mae, errors.sad, errors.gradient) == (0, 0, 0)


def test_a_constant_offset_is_its_own_mean_and_has_no_gradient() -> None:
    plane = np.full((50, 80), 100, np.uint8)
    errors = alpha_errors(plane, plane + 51)
    assert errors.mae == pytest.approx(0.2, abs=1e-15)
    assert errors.sad == pytest.approx(0.2 * 50 * 80 / 1000, abs=1e-12)
    assert errors.gradient == pytest.approx(0, abs=1e-20)


def test_the_gradient_is_that_of_the_published_kernel() -> None:
    plane = np.random.default_rng(0).random((30, 25))
    sigma, half = 1.4, 4  # ceil(sigma * sqrt(-2 ln(sqrt(2 pi) * sigma * 0.01)))
    kernel = np.empty((2 * half + 1, 2 * half + 1))
    for i in range(2 * half + 1):
        for j in range(2 * half + 1):
            gauss = np.exp(-((i - half) ** 2) / (2 * sigma**2))
            slope = -(j - half) * np.exp(-((j - half) ** 2) / (2 * sigma**2))
            kernel[i, j] = gauss * slope
    kernel /= np.sqrt(np.sum(kernel**2))
    across, down = (convolve(plane, one, mode="nearest") for one in (kernel, kernel.T))
    assert gradient_magnitude(plane) == pytest.approx(np.sqrt(across**2 + down**2), abs=1e-12)


def test_the_gradient_error_counts_both_edges_of_a_shift() -> None:
    errors = alpha_errors(_soft_edge(15), _soft_edge(35))
    one = np.square(gradient_magnitude(_soft_edge(15) / 255)).sum() / 1000
    assert errors.gradient == pytest.approx(2 * one, rel=1e-9)


def test_planes_of_two_sizes_are_not_compared() -> None:
    with pytest.raises(ValueError, match="one size"):
        alpha_errors(np.zeros((3, 4), np.uint8), np.zeros((4, 3), np.uint8))
