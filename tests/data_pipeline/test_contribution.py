"""What a layer contributes, against leaving it out and composing again."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from data_pipeline.compose import compose
from data_pipeline.contribution import contributions
from schemas.stack import PlainLayer, Stack
from tests.data_pipeline.test_compose import blended, random_stack

_SAME = 0.5  # in 1/255


def _without(stack: Stack, index: int) -> Stack:
    return Stack(stack.width, stack.height, tuple(layer for i, layer in enumerate(stack.layers) if i != index))


def _solid(colour: tuple[int, int, int, int], box: tuple[int, int, int, int] = (0, 0, 9, 9)) -> PlainLayer:
    return PlainLayer(box, np.full((box[3] - box[1], box[2] - box[0], 4), colour, np.uint8))


def _kept(layers: list[PlainLayer], min_visible_px: int = 1) -> list[bool]:
    return contributions(Stack(9, 9, tuple(layers)), min_visible_px, _SAME)[1].kept.tolist()


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_equals_leaving_each_layer_out(seed: int, count: int) -> None:
    stack = random_stack(seed, count=count)
    _, measured = contributions(stack, 0, _SAME)
    if not measured.kept.all():
        return  # then the others are measured without it
    whole = blended(stack)
    for index in range(count):
        difference = np.abs(whole - blended(_without(stack, index))).max(axis=2) * 255
        near = np.abs(difference - _SAME) < 0.01  # float32 may fall on the other side
        assert abs(measured.visible_px[index] - (difference > _SAME).sum()) <= near.sum()
        if not near.any() and measured.visible_px[index]:
            mean = difference[difference > _SAME].mean()
            np.testing.assert_allclose(measured.mean_difference[index], mean, atol=0.01)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_the_composite_is_that_of_the_whole_stack(seed: int, count: int) -> None:
    stack = random_stack(seed, count=count)
    np.testing.assert_array_equal(contributions(stack, 1, _SAME)[0], compose(stack))


@given(st.integers(0, 2**32 - 1), st.integers(2, 8))
def test_dropping_what_contributes_nothing_keeps_the_picture(seed: int, count: int) -> None:
    stack = random_stack(seed, 12, 10, count)
    _, measured = contributions(stack, 1, _SAME)
    kept = tuple(layer for layer, stays in zip(stack.layers, measured.kept, strict=True) if stays)
    lost = np.abs(blended(stack) - blended(Stack(12, 10, kept))).max() * 255
    assert lost <= _SAME * max(1, count - len(kept)) + 1e-3


def test_of_two_identical_opaque_layers_one_survives() -> None:
    assert sum(_kept([_solid((200, 10, 10, 255))] * 2)) == 1


def test_of_two_hundred_identical_opaque_layers_one_survives() -> None:
    assert sum(_kept([_solid((200, 10, 10, 255))] * 200)) == 1


def test_a_covered_layer_goes_and_then_one_that_only_covered_it() -> None:
    blue, red = _solid((0, 0, 200, 255)), _solid((200, 0, 0, 255), (2, 2, 5, 5))
    cover = _solid((0, 0, 200, 255), (2, 2, 5, 5))
    assert _kept([blue, red, cover]) == [True, False, False]


def test_white_on_white_goes_however_often_it_is_repeated() -> None:
    white, veil = _solid((255, 255, 255, 255)), _solid((255, 255, 255, 128))
    assert _kept([white, *[veil] * 30]) == [True, *[False] * 30]


def test_a_long_fade_of_faint_layers_does_not_vanish_as_a_whole() -> None:
    fade = [_solid((0, 0, 0, 255)), *[_solid((255, 255, 255, 1))] * 60]
    assert sum(_kept(fade)) > 30


def test_a_layer_seen_on_too_few_pixels_goes() -> None:
    ground, dot = _solid((255, 255, 255, 255)), _solid((0, 0, 0, 255), (1, 1, 4, 4))
    assert _kept([ground, dot], min_visible_px=9) == [True, True]
    assert _kept([ground, dot], min_visible_px=10) == [True, False]


def test_no_layers() -> None:
    composite, measured = contributions(Stack(3, 2, ()), 1, _SAME)
    assert composite.shape == (2, 3, 4)
    assert measured.kept.size == 0
