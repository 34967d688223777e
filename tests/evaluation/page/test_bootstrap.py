import numpy as np
import pytest

from evaluation.page.bootstrap import Estimate, estimate, stratified_estimate


def test_a_seed_gives_one_interval() -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert estimate(values, seed=3) == estimate(values, seed=3) != estimate(values, seed=4)


def test_the_interval_is_the_normal_one_for_many_values() -> None:
    values = np.random.default_rng(1).normal(10, 2, 2000)
    found = estimate(values)
    half = 1.96 * values.std() / np.sqrt(values.size)
    assert found.low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.05 * half)


def test_a_higher_level_is_a_wider_interval() -> None:
    values = np.arange(20.0)
    narrow, wide = estimate(values, level=0.5), estimate(values, level=0.99)
    assert wide.low < narrow.low < values.mean() < narrow.high < wide.high


def test_one_value_is_its_own_interval() -> None:
    assert estimate([7.0]) == Estimate(7.0, 7.0, 7.0, 1)


def test_strata_are_drawn_from_on_their_own_and_weigh_the_same() -> None:
    # Nothing varies within a stratum, so nothing varies in the mean of their means.
    assert stratified_estimate([[1.0] * 30, [5.0]]) == Estimate(3.0, 3.0, 3.0, 31)


@pytest.mark.parametrize("values", [[], [1.0, float("inf")], [float("nan")]])
def test_values_must_be_there_and_finite(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        estimate(values)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        estimate([1.0, 2.0], level=level)
