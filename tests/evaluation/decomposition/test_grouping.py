import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from evaluation.decomposition.cut import cuts_of_array
from evaluation.decomposition.grouping import groups
from evaluation.decomposition.literal import literal_groups
from tests.evaluation.drawn_layers import random_pair


def layers(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Faintest rectangles on a canvas of 10 x 10."""
    stack = np.zeros((len(boxes), 10, 10, 4), np.uint8)
    for rgba, (left, top, right, bottom) in zip(stack, boxes, strict=True):
        rgba[top:bottom, left:right, 3] = 1
    return stack


@given(st.integers(0, 2**32 - 1))
def test_groups_are_those_of_the_text(seed: int) -> None:
    stack, _ = random_pair(seed)
    assert groups(cuts_of_array(stack)) == literal_groups(stack)


def test_a_layer_goes_up_as_far_as_it_can() -> None:
    ground, left, right, on_left = (0, 0, 10, 10), (0, 0, 4, 4), (6, 6, 9, 9), (1, 1, 2, 2)
    assert groups(cuts_of_array(layers(ground, left, right, on_left))) == [[0], [1], [2, 3]]


def test_one_faint_pixel_is_an_overlap() -> None:
    assert groups(cuts_of_array(layers((0, 0, 5, 5), (4, 4, 9, 9)))) == [[0], [1]]
    assert groups(cuts_of_array(layers((0, 0, 5, 5), (5, 5, 9, 9)))) == [[0, 1]]


def test_colour_under_alpha_0_overlaps_nothing() -> None:
    stack = layers((0, 0, 5, 5), (4, 4, 9, 9))
    stack[1, ..., :3] = 99
    stack[1, 4, 4, 3] = 0
    assert groups(cuts_of_array(stack)) == [[0, 1]]


def test_empty_layers_join_the_top_group() -> None:
    nothing, ground, dot = (0, 0, 0, 0), (0, 0, 10, 10), (3, 3, 4, 4)
    assert groups(cuts_of_array(layers(nothing, ground, dot, nothing))) == [[1], [0, 2, 3]]
    assert groups(cuts_of_array(layers(nothing, nothing))) == [[0, 1]]
