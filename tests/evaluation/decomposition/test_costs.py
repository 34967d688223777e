import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from evaluation.decomposition.costs import Comparison, compare, compare_merged
from evaluation.decomposition.cut import Cut, cut, cuts_of_array
from evaluation.decomposition.literal import alpha_iou, rgb_l1
from evaluation.decomposition.over import over
from tests.evaluation.drawn_layers import random_pair


def figures(comparison: Comparison) -> tuple[float, float, float]:
    return comparison.rgb_l1, comparison.rgb_l1_reversed, comparison.alpha_iou


def square(side: int, *rgba: int) -> Cut:
    canvas = np.zeros((8, 8, 4), np.uint8)
    canvas[:side, :side] = rgba
    return cut(canvas)


NOTHING = cut(np.zeros((8, 8, 4), np.uint8))


@given(st.integers(0, 2**32 - 1))
def test_figures_are_those_of_whole_canvases_in_floats(seed: int) -> None:
    pred, truth = random_pair(seed)
    for p, ours in zip(pred, cuts_of_array(pred), strict=True):
        for g, theirs in zip(truth, cuts_of_array(truth), strict=True):
            a, b = Image.fromarray(p), Image.fromarray(g)
            expected = (rgb_l1(a, b), rgb_l1(b, a), alpha_iou(a, b))
            assert figures(compare(ours, theirs)) == pytest.approx(expected, abs=1e-12)


def test_a_layer_is_itself() -> None:
    layer = square(4, 10, 20, 30, 40)
    assert compare(layer, layer) == Comparison(0.0, 0.0, 1.0)
    assert compare(layer, layer).cost == 0


def test_missed_pixels_cost_their_colour_and_nothing_shared_costs_half_more() -> None:
    comparison = compare(NOTHING, square(2, 51, 102, 153, 255))
    assert comparison.rgb_l1 == pytest.approx(0.4)
    assert comparison.rgb_l1_reversed == 0
    assert comparison.alpha_iou == 0
    assert comparison.cost == pytest.approx(0.7)


def test_colour_counts_only_where_the_other_is_visible() -> None:
    small, large = square(2, 255, 255, 255, 255), square(4, 255, 255, 255, 255)
    assert compare(large, small).rgb_l1 == 0
    assert compare(small, large).rgb_l1 == pytest.approx(12 / 16)
    assert compare(small, large).alpha_iou == pytest.approx(4 / 16)


def test_the_faintest_pixel_counts_in_full() -> None:
    assert compare(NOTHING, square(1, 255, 255, 255, 1)).rgb_l1 == pytest.approx(1)


def test_colour_under_alpha_0_is_compared() -> None:
    assert compare(square(2, 255, 255, 255, 0), square(2, 255, 255, 255, 255)).rgb_l1 == 0


def test_two_empty_layers_agree_on_nothing() -> None:
    assert compare(NOTHING, NOTHING) == Comparison(0.0, 0.0, 0.0)
    assert compare(NOTHING, NOTHING).cost == 0.5


@given(st.integers(0, 2**32 - 1))
def test_a_merge_is_compared_without_being_made(seed: int) -> None:
    pred, truth = (cuts_of_array(stack) for stack in random_pair(seed))
    lower, upper = pred[0], pred[-1]
    made = over(lower, upper)
    assert compare_merged(lower, upper, truth) == [compare(made, g) for g in truth]
