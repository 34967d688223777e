import numpy as np
import pytest

from evaluation.decomposition.alignment import accumulated, is_tied, path


def aligned(*rows: list[float]) -> list[tuple[int, int]]:
    return path(accumulated(np.array(rows)))


def test_the_cheapest_path_is_taken() -> None:
    assert aligned([0, 9, 9], [9, 0, 0], [9, 9, 0]) == [(0, 0), (1, 1), (2, 2)]
    assert aligned([0, 9, 9], [9, 0, 0]) == [(0, 0), (1, 1), (1, 2)]
    assert aligned([0, 9], [0, 9], [9, 0]) == [(0, 0), (1, 0), (2, 1)]


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_of_equals_the_diagonal_wins(value: float) -> None:
    """With costs of 0 all paths are as long; with 1 the shortest ones are many."""
    assert aligned(*[[value] * 3] * 3) == [(0, 0), (1, 1), (2, 2)]


def test_then_the_row_above_wins() -> None:
    # (1, 1) can be reached from above and from the left at the same cost, diagonally only at a higher one.
    total = np.array([[5.0, 1.0], [1.0, 2.0]])
    assert path(total) == [(0, 0), (0, 1), (1, 1)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1)])
def test_both_ends_are_pinned(shape: tuple[int, int]) -> None:
    pairs = path(accumulated(np.ones(shape)))
    assert (pairs[0], pairs[-1], len(pairs)) == ((0, 0), (shape[0] - 1, shape[1] - 1), max(shape))


def test_a_path_is_tied_where_only_rounding_chooses() -> None:
    total = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert not is_tied(total, path(total), 1e-12)
    total[0, 1] += 1e-15 - 1
    assert is_tied(total, path(total), 1e-12)
    assert not is_tied(np.ones((1, 3)), path(np.ones((1, 3))), 1e-12)
