import numpy as np
import pytest
from scipy.linalg import sqrtm

from evaluation.reconstruction.frechet import frechet_distance


def _features(count: int, dimensions: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(seed, 1 + seed, (count, dimensions)) @ rng.normal(size=(dimensions, dimensions))


@pytest.mark.parametrize(("a_count", "b_count"), [(60, 60), (60, 20), (12, 40)])
def test_it_is_the_formula_with_a_matrix_root(a_count: int, b_count: int) -> None:
    a, b = _features(a_count, 10, 0), _features(b_count, 10, 1)
    root = sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    spread = np.trace(np.cov(a, rowvar=False) + np.cov(b, rowvar=False) - 2 * root)
    expected = np.square(a.mean(0) - b.mean(0)).sum() + spread
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_fewer_samples_than_dimensions_are_no_trouble() -> None:
    """In the span of the samples, where the covariances are whole, the distance is the same."""
    a, b = _features(6, 3, 0), _features(9, 3, 1)
    turned = np.linalg.qr(np.random.default_rng(5).normal(size=(64, 64)))[0][:3]
    assert frechet_distance(a @ turned, b @ turned) == pytest.approx(frechet_distance(a, b), rel=1e-9)


def test_a_set_is_no_distance_from_itself_in_any_order() -> None:
    a = _features(30, 50, 2)
    assert frechet_distance(a, a[::-1]) == pytest.approx(0, abs=1e-6)


def test_a_shift_is_its_square() -> None:
    a = _features(30, 8, 3)
    assert frechet_distance(a, a + 2) == pytest.approx(8 * 4, rel=1e-9)


def test_one_sample_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="two samples"):
        frechet_distance(np.zeros((1, 4)), np.zeros((5, 4)))
