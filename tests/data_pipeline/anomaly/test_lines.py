"""Runs of rows that are inked from edge to edge."""

import numpy as np
import pytest

from data_pipeline.anomaly.lines import lines_of


def rows(*runs: tuple[int, int], length: int = 100) -> np.ndarray:
    """The inked pixels of rows that are 9 px long, all of them in the runs from the first to before the last."""
    inked = np.full(length, 8)
    for first, last in runs:
        inked[first:last] = 9
    return inked


def test_only_rows_inked_all_along_are_lines() -> None:
    lines = lines_of(rows((0, 1), (10, 13), (98, 100)), 9)
    assert lines.starts.tolist() == [0, 10, 98]
    assert lines.widths.tolist() == [1, 3, 2]
    assert np.flatnonzero(lines.is_inked).tolist() == [0, 10, 11, 12, 98, 99]
    assert lines.inner == 1
    assert lines.are_thin(3)
    assert not lines.are_thin(2)


@pytest.mark.parametrize(
    ("starts", "is_even"),
    [
        (range(3, 90, 12), True),
        (range(3, 90, 4), False),
        ((3, 9, 30, 34, 60, 61, 80), False),
        (range(3, 60, 12), False),
    ],
)
def test_even_lines_are_enough_far_enough_apart_and_at_one_distance(starts, is_even: bool) -> None:
    assert lines_of(rows(*((y, y + 1) for y in starts)), 9).are_even(6, 1) == is_even


def test_thick_runs_do_not_count_as_lines_and_bands_have_one_width() -> None:
    bands = lines_of(rows(*((y, y + 8) for y in range(0, 100, 20))), 9)
    assert not bands.are_even(3, 7)
    assert bands.are_bands(3, 7)
    assert not bands.are_bands(3, 8)
    assert not lines_of(rows((0, 8), (20, 28), (40, 52)), 9).are_bands(3, 7)


def test_even_lines_go_on_where_no_more_of_them_would_fit() -> None:
    lines = lines_of(rows(*((y, y + 1) for y in range(8, 99, 10))), 9)  # 8 to 98, of 100
    assert lines.go_on(0, 0)
    assert lines.go_on(6, 0)
    assert not lines.go_on(7, 0)
    assert lines.go_on(0, 12)
    assert not lines.go_on(0, 13)


def test_no_line_is_none() -> None:
    lines = lines_of(rows(), 9)
    assert (lines.inner, lines.are_even(1, 3), lines.are_bands(1, 3)) == (0, False, False)
