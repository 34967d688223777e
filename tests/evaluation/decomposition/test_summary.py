import pytest

from evaluation.decomposition.measuring import Protocol
from evaluation.decomposition.metric import MAX_EDITS, aggregate
from evaluation.decomposition.summary import metric_rows, summarise
from schemas.decomposition import PairRow, PairStatus
from tests.evaluation.decomposition.test_measuring import row
from tests.evaluation.drawn_stacks import DOT, GROUND, LEFT, RIGHT, painted

TRUTH = painted(GROUND, LEFT, RIGHT)
ROWS = [
    row(TRUTH, TRUTH),
    row(painted(GROUND, RIGHT, LEFT), TRUTH),
    row(painted(GROUND), TRUTH),
    row(None, TRUTH),
    row("no PSD", TRUTH),
]


def test_every_row_is_counted_and_only_scored_ones_are_in_the_means() -> None:
    summary = summarise(ROWS, MAX_EDITS, seed=0)
    counted = {name: number for name, number in summary.statuses.items() if number}
    assert counted == {"scored": 2, "single_layer": 1, "no_prediction": 1, "unreadable": 1}
    expected = aggregate([metric_rows(one) for one in ROWS[:2]], MAX_EDITS)
    assert [tuple(figure.mean for figure in figures) for figures in summary.rows] == [
        pytest.approx(one) for one in expected
    ]
    assert {figure.samples for figures in summary.rows for figure in figures} == {2}


def test_intervals_hold_their_means() -> None:
    summary = summarise(ROWS, MAX_EDITS, seed=0)
    for figure in (*summary.rows[0], *summary.beside.values()):
        assert figure.low <= figure.mean <= figure.high


def test_a_seed_gives_the_same_summary() -> None:
    assert summarise(ROWS, MAX_EDITS, seed=3) == summarise(ROWS, MAX_EDITS, seed=3)


def test_pairs_in_the_wrong_order_are_added_up() -> None:
    summary = summarise(ROWS, MAX_EDITS, seed=0)
    assert (summary.order_pairs, summary.order_errors) == (6, 1)


def test_a_rate_is_taken_of_the_samples_that_have_one() -> None:
    alone = row(painted(LEFT, ((14, 2, 20, 10), RIGHT[1])), painted(LEFT, ((14, 2, 20, 10), RIGHT[1])))
    assert summarise([*ROWS, alone], MAX_EDITS, seed=0).beside["order_error_rate"].samples == 2


def test_single_layers_are_scored_where_they_are_asked_for() -> None:
    rows = [row(painted(GROUND), TRUTH, Protocol(MAX_EDITS, least_layers=1))]
    assert summarise(rows, MAX_EDITS, seed=0).rows[0][0].samples == 1


def test_nothing_scored_is_counts_alone() -> None:
    summary = summarise([PairRow("a", PairStatus.EMPTY), PairRow("b", PairStatus.EMPTY)], MAX_EDITS, seed=0)
    assert (summary.rows, summary.beside, summary.sizes) == ([], {}, {})
    assert summary.statuses["empty"] == 2


def test_sizes_are_the_least_and_the_most() -> None:
    rows = [row(painted(GROUND, LEFT, RIGHT, DOT), TRUTH), row(TRUTH, TRUTH)]
    assert summarise(rows, MAX_EDITS, seed=0).sizes["predicted layers"] == (3, 4)
