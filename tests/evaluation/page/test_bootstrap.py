import numpy as np
import pytest

from evaluation.page.bootstrap import confidence, stratified_confidence


def test_a_seed_gives_one_interval() -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert confidence(values, seed=3) == confidence(values, seed=3) != confidence(values, seed=4)


def test_the_interval_is_the_normal_one_for_many_values() -> None:
    values = np.random.default_rng(1).normal(10, 2, 2000)
    low, high = confidence(values)
    half = 1.96 * values.std() / np.sqrt(values.size)
    assert low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.05 * half)


def test_a_higher_level_is_a_wider_interval() -> None:
    values = np.arange(20.0)
    narrow, wide = confidence(values, level=0.5), confidence(values, level=0.99)
    assert wide[0] < narrow[0] < values.mean() < narrow[1] < wide[1]


def test_one_value_is_its_own_interval() -> None:
    assert confidence([7.0]) == (7.0, 7.0)


def test_strata_are_drawn_from_on_their_own_and_weigh_the_same() -> None:
    # Nothing varies within a stratum, so nothing varies in the mean of their means.
    assert stratified_confidence([[1.0] * 30, [5.0]]) == (3.0, 3.0)


@pytest.mark.parametrize("values", [[], [1.0, float("inf")], [float("nan")]])
def test_values_must_be_there_and_finite(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        confidence(values)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        confidence([1.0, 2.0], level=level)
