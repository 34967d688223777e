import numpy as np
import pytest

from evaluation.decomposition.cut import around, cut, cuts_of_array, cuts_of_stack, uncut
from schemas.stack import PlainLayer, Stack
from tests.evaluation.drawn_layers import random_pair


def test_a_cut_is_the_smallest_box_around_what_is_not_zero() -> None:
    rgba = np.zeros((6, 8, 4), np.uint8)
    rgba[1, 2] = (0, 0, 9, 0)  # colour under alpha 0 counts
    rgba[4, 6] = (10, 20, 30, 40)
    assert cut(rgba).box == (2, 1, 7, 5)


def test_sums_are_of_the_visible_pixels() -> None:
    rgba = np.zeros((3, 3, 4), np.uint8)
    rgba[0, 0] = (200, 200, 200, 0)
    rgba[1, 1] = (1, 2, 3, 4)
    rgba[2, 2] = (255, 255, 255, 255)
    layer = cut(rgba)
    assert (layer.visible_px, layer.colour, layer.alpha) == (2, 6 + 765, 259)


@pytest.mark.parametrize("seed", range(20))
def test_a_cut_layer_comes_back_whole(seed: int) -> None:
    stack, _ = random_pair(seed)
    for rgba, layer in zip(stack, cuts_of_array(stack), strict=True):
        np.testing.assert_array_equal(uncut(layer, stack.shape[2], stack.shape[1]), rgba)


def test_strided_and_unaligned_arrays_are_layers_too() -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (10, 12, 4)).astype(np.uint8)
    bytes_before = np.empty(1 + 2 * rgba.nbytes, np.uint8)
    unaligned = bytes_before[1 : 1 + rgba.nbytes].reshape(rgba.shape)
    unaligned[...] = rgba
    strided = np.repeat(rgba, 2, axis=1)[:, ::2]
    for same in (unaligned, strided, rgba[::-1][::-1]):
        np.testing.assert_array_equal(uncut(cut(same), 12, 10), rgba)


def test_an_empty_layer_is_an_empty_cut() -> None:
    layer = cut(np.zeros((4, 4, 4), np.uint8))
    assert (layer.box, layer.pixels.size, layer.alpha) == ((0, 0, 0, 0), 0, 0)


def test_a_cropped_layer_lies_where_its_box_does() -> None:
    layer = PlainLayer((3, 5, 6, 7), np.full((2, 3, 4), 7, np.uint8))
    (ours,) = cuts_of_stack(Stack(10, 10, (layer,)))
    assert ours.box == layer.box


def test_empty_boxes_are_not_in_the_box_around() -> None:
    assert around([(0, 0, 0, 0), (5, 6, 7, 8), (2, 7, 3, 9)]) == (2, 6, 7, 9)
    assert around([(0, 0, 0, 0)]) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 4, 4, 4)), "float64"),
        (np.zeros((2, 4, 4, 3), np.uint8), "uint8"),
        (np.zeros((4, 4, 4), np.uint8), "uint8"),
        (np.zeros((0, 4, 4, 4), np.uint8), "empty"),
        (np.zeros((2, 0, 4, 4), np.uint8), "empty"),
    ],
)
def test_what_is_no_stack_is_refused(array: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cuts_of_array(array)


def test_a_stack_without_layers_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        cuts_of_stack(Stack(4, 4, ()))
