"""Each figure in closed form, on flat rectangles."""

import math

import numpy as np
import pytest

from evaluation.decomposition.costs import Comparisons
from evaluation.decomposition.cut import cuts_of_stack
from evaluation.decomposition.forgiven import IDENTICAL_DB, Leftovers, Order, leftovers, order, recomposition
from schemas.stack import PlainLayer, Stack
from tests.evaluation.drawn_stacks import BLUE, DOT, GROUND, LEFT, RIGHT, Paint, painted

WHOLE = GROUND[0]


def ordered(pred: Stack, truth: Stack) -> Order:
    return order(cuts_of_stack(pred), cuts_of_stack(truth), Comparisons())


def left(stack: Stack) -> Leftovers:
    return leftovers(cuts_of_stack(stack), stack.width, stack.height)


def test_equal_pictures_recompose() -> None:
    found = recomposition(painted(GROUND, LEFT), painted(GROUND, LEFT))
    assert (found.mean, found.psnr, found.ssim) == (0, IDENTICAL_DB, pytest.approx(1, abs=1e-12))


def test_a_picture_is_what_counts_not_its_layers() -> None:
    assert recomposition(painted(DOT, GROUND), painted(GROUND)).mean == 0


def test_an_opaque_difference_is_that_of_the_colours() -> None:
    found = recomposition(painted((WHOLE, (110, 100, 100, 255))), painted((WHOLE, (100, 100, 100, 255))))
    assert found.mean == pytest.approx(10 / 3)
    assert found.psnr == pytest.approx(10 * math.log10(255**2 / (100 / 3)))


def test_a_difference_in_alpha_alone_is_seen_on_one_of_the_grounds() -> None:
    """White at alpha 0 and at 255: the same on white, all the difference on black."""
    nothing = Stack(24, 16, (PlainLayer((0, 0, 0, 0), np.zeros((0, 0, 4), np.uint8)),))
    found = recomposition(nothing, painted((WHOLE, (255, 255, 255, 255))))
    assert found.mean == pytest.approx(255 / 2)
    assert found.psnr == pytest.approx(IDENTICAL_DB / 2)


def test_a_picture_without_a_window_has_no_ssim() -> None:
    small = painted(((0, 0, 10, 30), BLUE), width=10, height=30)
    assert recomposition(small, small).ssim is None


def test_layers_in_order_are() -> None:
    assert ordered(painted(GROUND, LEFT, RIGHT), painted(GROUND, LEFT, RIGHT)) == Order(3, 0)


def test_two_overlapping_layers_the_wrong_way_are_one_error() -> None:
    assert ordered(painted(GROUND, RIGHT, LEFT), painted(GROUND, LEFT, RIGHT)) == Order(3, 1)


def test_order_says_nothing_of_layers_that_do_not_overlap() -> None:
    apart: Paint = ((14, 2, 20, 10), BLUE)
    assert ordered(painted(apart, LEFT), painted(LEFT, apart)) == Order(0, 0)


def test_layers_that_match_nothing_are_in_no_order() -> None:
    assert ordered(painted(GROUND, DOT), painted(GROUND, LEFT)) == Order(0, 0)


def test_two_equal_layers_are_in_any_order() -> None:
    assert ordered(painted(GROUND, LEFT, LEFT), painted(GROUND, LEFT, LEFT)).errors == 0


def test_a_layer_is_blank_whose_alpha_no_eye_sees() -> None:
    empty = PlainLayer((0, 0, 0, 0), np.zeros((0, 0, 4), np.uint8))
    stack = painted((WHOLE, (255, 0, 0, 8)), (WHOLE, (255, 0, 0, 9)))
    assert left(Stack(24, 16, (*stack.layers, empty))).blank_layers == 2


def test_colour_under_alpha_0_and_faint_alpha_are_shares_of_all_canvases() -> None:
    stack = painted(((0, 0, 4, 4), (1, 0, 0, 0)), ((0, 0, 8, 4), (0, 0, 0, 1)), ((0, 0, 8, 8), (0, 0, 0, 0)))
    found = left(stack)
    assert found.hidden_colour == pytest.approx(16 / (3 * 24 * 16))
    assert found.faint_alpha == pytest.approx(32 / (3 * 24 * 16))


def test_what_is_clean_leaves_nothing() -> None:
    assert left(painted(GROUND, LEFT, RIGHT)) == Leftovers(0, 0.0, 0.0)


@pytest.mark.parametrize("paints", [(GROUND, LEFT, RIGHT, DOT), (LEFT,), (DOT, DOT)])
def test_the_truth_itself_is_forgiven_nothing(paints: tuple[Paint, ...]) -> None:
    stack = painted(*paints)
    assert ordered(stack, stack).errors == 0
    assert recomposition(stack, stack).mean == 0
