from dataclasses import replace

import pytest

from evaluation.editing.summary import ALL, summarise, worst
from schemas.editing import ReplayRow


def row(sample: str, operation: str, l1: float, matched: int | None = 0, layer: int = 0) -> ReplayRow:
    return ReplayRow(sample, operation, operation, layer, matched, 9, l1, 1 - l1, l1 / 2, 1 - l1 / 2, 0, 0)


ROWS = [
    row("a", "move", 0.2),
    row("a", "move", 0.4),
    row("a", "remove", 0.1),
    row("b", "move", 1.0, None, 1),
    row("b", "remove", 0.5),
]


def test_rows_are_averaged_by_sample_first() -> None:
    figures = summarise(ROWS).figures
    assert figures["move"]["region_l1"].mean == pytest.approx((0.3 + 1.0) / 2)
    assert figures["remove"]["frame_ssim"].mean == pytest.approx(1 - 0.3 / 2)


def test_each_operation_weighs_the_same() -> None:
    assert summarise(ROWS).figures[ALL]["region_l1"].mean == pytest.approx((0.2 + 0.75) / 2)


def test_matched_layers_have_figures_of_their_own() -> None:
    summary = summarise(ROWS)
    assert (summary.samples, summary.layers, summary.matched) == (2, 3, 2)
    assert summary.matched_figures["move"]["region_l1"].mean == pytest.approx(0.3)
    assert summarise([replace(one, matched=None) for one in ROWS]).matched_figures == {}


def test_intervals_hold_the_mean() -> None:
    for figure in summarise(ROWS).figures["move"].values():
        assert figure.low <= figure.mean <= figure.high


def test_the_worst_edit_of_the_worst_samples() -> None:
    assert [(one.sample, one.region_l1) for one in worst(ROWS, 2)] == [("b", 1.0), ("a", 0.4)]
    assert len(worst(ROWS, 1)) == 1


def test_no_rows_are_no_summary() -> None:
    with pytest.raises(ValueError, match="nothing to edit"):
        summarise([])
