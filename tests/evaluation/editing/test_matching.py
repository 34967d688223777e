from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.editing.matching import matches
from schemas.stack import Stack
from tests.evaluation.noise_stacks import apart, noisy, solid


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_a_stack_matches_itself_layer_by_layer(seed: int, count: int) -> None:
    stack = noisy(seed, count)
    twice = replace(stack, layers=stack.layers + stack.layers)
    assert matches(stack, stack) == tuple(range(count))
    assert matches(twice, twice) == tuple(range(2 * count))


@given(st.permutations(range(4)))
def test_the_order_of_predictions_plays_no_part(order: list[int]) -> None:
    truth = apart()
    pred = replace(truth, layers=tuple(truth.layers[index] for index in order))
    assert [order[match] for match in matches(pred, truth) if match is not None] == [0, 1, 2, 3]


def test_half_the_alpha_in_common_is_enough_and_less_is_not() -> None:
    truth = Stack(64, 48, (solid((0, 0, 20, 10), (9, 9, 9)),))
    assert matches(Stack(64, 48, (solid((0, 0, 10, 10), (9, 9, 9)),)), truth) == (0,)
    assert matches(Stack(64, 48, (solid((0, 0, 10, 9), (9, 9, 9)),)), truth) == (None,)
    assert matches(Stack(64, 48, (solid((0, 0, 20, 10), (9, 9, 9), 127),)), truth) == (None,)


def test_colour_decides_between_layers_of_one_shape() -> None:
    red, blue = solid((0, 0, 9, 9), (255, 0, 0)), solid((0, 0, 9, 9), (0, 0, 255))
    assert matches(Stack(64, 48, (red, blue)), Stack(64, 48, (blue, red))) == (1, 0)


def test_as_many_layers_as_can_find_a_partner() -> None:
    """The first true layer likes best the only prediction that the second could have."""
    wide, narrow = solid((0, 0, 30, 10), (0, 0, 0)), solid((0, 0, 20, 10), (0, 0, 0))
    longer = solid((0, 0, 40, 10), (0, 0, 0))
    assert matches(Stack(64, 48, (wide, narrow)), Stack(64, 48, (narrow, longer))) == (1, 0)


def test_a_layer_that_shows_nothing_matches_nothing() -> None:
    clear = solid((0, 0, 9, 9), (0, 0, 0), 0)
    assert matches(Stack(64, 48, (clear,)), Stack(64, 48, (clear,))) == (None,)


def test_another_canvas_is_refused() -> None:
    with pytest.raises(ValueError, match="the canvas is 64 x 47 px where 64 x 48 px are due"):
        matches(Stack(64, 47, ()), apart())
