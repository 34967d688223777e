import pytest

from evaluation.aggregate import aggregate
from schemas.decomposition import Row

LONG = [Row(0.5, 0.4, 0.4), Row(0.3, 0.2, 0.6), Row(0.1, 0.0, 0.8)]
SHORT = [Row(0.2, 0.2, 0.8)]


def test_a_sample_that_stopped_keeps_its_last_row() -> None:
    rows = aggregate([LONG, SHORT], 2)
    assert rows == [pytest.approx((0.35, 0.3, 0.6)), pytest.approx((0.25, 0.2, 0.7)), pytest.approx((0.15, 0.1, 0.8))]


def test_there_is_a_row_for_every_number_of_merges() -> None:
    assert aggregate([SHORT], 5) == [pytest.approx(SHORT[0])] * 6


def test_the_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no sample"):
        aggregate([], 5)
