"""Edits change the layer that they name and nothing else; those that amount to nothing change nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_pipeline.compose import compose
from inference.apply_edits import apply_edits
from inference.edits import Edit, Move, Opacity, Recolour, Remove, Reorder, Replace, Resize, Rotate
from schemas.stack import PlainLayer, Stack
from tests.inference.random_stacks import HEIGHT, WIDTH, edits_of, noise_layer, noise_stack, on_canvas, stacks


@st.composite
def stacks_and_edits(draw: st.DrawFn) -> tuple[Stack, Edit]:
    stack = draw(stacks())
    return stack, draw(edits_of(len(stack.layers)))


def foreign(stack: Stack, name: str) -> list[PlainLayer]:
    return [layer for layer in stack.layers if layer.name != name]


def alphas(stack: Stack, name: str) -> np.ndarray:
    shown = [on_canvas(layer)[..., 3] > 0 for layer in stack.layers if layer.name == name]
    return shown[0] if shown else np.zeros((HEIGHT, WIDTH), bool)


@given(stacks_and_edits())
def test_layers_that_are_not_addressed_are_the_same_in_the_same_order(case: tuple[Stack, Edit]) -> None:
    stack, edit = case
    name = stack.layers[edit.layer].name  # type: ignore[index]
    before, after = foreign(stack, name), foreign(apply_edits(stack, [edit]), name)
    assert [(one.name, one.box) for one in before] == [(one.name, one.box) for one in after]
    assert all(np.array_equal(one.rgba, other.rgba) for one, other in zip(before, after, strict=True))


@given(stacks_and_edits())
def test_the_picture_changes_only_where_the_layer_was_or_is(case: tuple[Stack, Edit]) -> None:
    stack, edit = case
    name = stack.layers[edit.layer].name  # type: ignore[index]
    edited = apply_edits(stack, [edit])
    outside = ~(alphas(stack, name) | alphas(edited, name))
    assert np.array_equal(compose(stack)[outside], compose(edited)[outside])


@given(stacks(2), st.data())
def test_a_reorder_changes_only_pixels_where_layers_that_swap_overlap(stack: Stack, data: st.DataObject) -> None:
    index, to = data.draw(st.tuples(*[st.integers(0, len(stack.layers) - 1)] * 2))
    passed = range(min(index, to), max(index, to) + 1)
    shown = [on_canvas(layer)[..., 3] > 0 for layer in stack.layers]
    swapped = np.zeros((HEIGHT, WIDTH), bool)
    for other in passed:
        if other != index:
            swapped |= shown[index] & shown[other]
    edited = apply_edits(stack, [Reorder(index, to)])
    assert edited.layers[to] is stack.layers[index]
    assert np.array_equal(compose(stack)[~swapped], compose(edited)[~swapped])


@pytest.mark.parametrize(
    "edit",
    [
        Move(0, 0, 0),
        Resize(0, (1, 1)),
        Rotate(0, 0),
        Rotate(0, -720),
        Opacity(0, 1),
        Reorder(0, 0),
    ],
)
def test_an_edit_that_amounts_to_nothing_keeps_the_layer_itself(edit: Edit) -> None:
    stack = noise_stack(3, 2)
    assert apply_edits(stack, [edit]).layers == stack.layers


def inner_stack(seed: int) -> Stack:
    """One layer far from the canvas's edges."""
    layer = noise_layer(np.random.default_rng(seed), "inner")
    left, top, right, bottom = layer.box
    return Stack(3 * 40, 3 * 40, (PlainLayer((left + 40, top + 40, right + 40, bottom + 40), layer.rgba),))


def same_picture(one: Stack, other: Stack) -> bool:
    return np.array_equal(compose(one), compose(other))


@given(st.integers(0, 2**32 - 1), st.integers(-30, 30), st.integers(-30, 30))
def test_a_move_there_and_back_is_none(seed: int, dx: int, dy: int) -> None:
    stack = inner_stack(seed)
    (layer,) = apply_edits(stack, [Move(0, dx, dy), Move(0, -dx, -dy)]).layers
    assert layer.box == stack.layers[0].box
    assert np.array_equal(layer.rgba, stack.layers[0].rgba)


@given(st.integers(0, 2**32 - 1), st.sampled_from([(90, -90), (180, 180), (90, 90, 90, 90), (270, 90), (-90,) * 4]))
def test_right_angles_that_make_a_full_turn_are_none(seed: int, turns: tuple[int, ...]) -> None:
    stack = inner_stack(seed)
    assert same_picture(stack, apply_edits(stack, [Rotate(0, degrees) for degrees in turns]))


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.data())
def test_a_reorder_there_and_back_is_none(seed: int, count: int, data: st.DataObject) -> None:
    stack = noise_stack(seed, count)
    index, to = data.draw(st.tuples(*[st.integers(0, count - 1)] * 2))
    assert apply_edits(stack, [Reorder(index, to), Reorder(to, index)]).layers == stack.layers


def test_a_layer_moved_partly_off_the_canvas_is_cut_at_its_edge() -> None:
    rgba = np.arange(4 * 4 * 4, dtype=np.uint8).reshape(4, 4, 4) + 100
    stack = Stack(10, 10, (PlainLayer((3, 3, 7, 7), rgba),))
    (layer,) = apply_edits(stack, [Move(0, -5, 4)]).layers
    assert layer.box == (0, 7, 2, 10)
    assert np.array_equal(layer.rgba, rgba[:3, 2:])


def test_a_layer_moved_off_the_canvas_stays_and_shows_nothing() -> None:
    stack = noise_stack(1, 3)
    moved = apply_edits(stack, [Move(1, 10**12, 0)])
    assert moved.layers[1].box == (0, 0, 0, 0)
    assert moved.layers[1].name == "layer 1"
    assert same_picture(moved, Stack(WIDTH, HEIGHT, (stack.layers[0], stack.layers[2])))


def test_opacity_rounds_half_up_and_hides_no_colour() -> None:
    rgba = np.array([[[9, 8, 7, 255], [9, 8, 7, 1], [9, 8, 7, 0]]], np.uint8)
    (layer,) = apply_edits(Stack(3, 1, (PlainLayer((0, 0, 3, 1), rgba),)), [Opacity(0, 0.3)]).layers
    assert layer.rgba.tolist() == [[[9, 8, 7, 77], [0, 0, 0, 0], [0, 0, 0, 0]]]


def test_a_picture_is_fitted_in_its_aspect_into_the_middle_of_what_the_layer_shows() -> None:
    rgba = np.zeros((20, 30, 4), np.uint8)
    rgba[4:16, 5:25] = 255  # shows 20 x 12 px at (5, 4)
    picture = np.full((40, 40, 4), (10, 20, 30, 255), np.uint8)
    stack = Stack(30, 20, (PlainLayer((0, 0, 30, 20), rgba, (7,), baked=True, name="photo"),))
    (layer,) = apply_edits(stack, [Replace("photo", picture)]).layers
    assert layer.box == (9, 4, 21, 16)
    assert (layer.rgba == (10, 20, 30, 255)).all()
    assert (layer.name, layer.layer_ids, layer.baked) == ("photo", (), False)


def test_a_resize_into_a_box_fills_it() -> None:
    stack = noise_stack(4, 1)
    solid = np.full((4, 4, 4), 255, np.uint8)
    (layer,) = apply_edits(
        Stack(WIDTH, HEIGHT, (PlainLayer((1, 1, 5, 5), solid),)), [Resize(0, box=(3, 2, 20, 9))]
    ).layers
    assert layer.box == (3, 2, 20, 9)
    assert (layer.rgba == 255).all()
    assert apply_edits(stack, [Resize(0, box=(0, 0, WIDTH, HEIGHT))]).layers[0].box == (0, 0, WIDTH, HEIGHT)


@settings(max_examples=40)
@given(stacks_and_edits())
def test_nothing_hides_under_zero_alpha(case: tuple[Stack, Edit]) -> None:
    for layer in apply_edits(case[0], [case[1]]).layers:
        assert not layer.rgba[layer.rgba[..., 3] == 0].any()


def test_edits_act_on_what_the_ones_before_have_left() -> None:
    stack = noise_stack(5, 3)
    edited = apply_edits(stack, [Remove(0), Reorder(1, 0), Remove("layer 1")])
    assert [layer.name for layer in edited.layers] == ["layer 2"]


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([Remove(0), Remove(0)], "edit 2, remove layer 0: it is the only layer"),
        ([Move(2)], r"edit 1, move layer 2: there is no layer 2; the layers are 0 \(bottom\) to 1 \(top\)"),
        ([Move(-1)], "there is no layer -1"),
        ([Move("layr 1")], "no layer is called 'layr 1'; did you mean layer 1"),
        ([Reorder(0, 2)], "there is no index 2"),
        ([Resize(0, (1e300, 1))], "the limit is 300,000"),
        ([Resize(0, box=(0, 0, 10**9, 5))], r"it would become 1,000,000,000 x 5 px"),
    ],
)
def test_an_edit_that_cannot_be_done_is_named(edits: list[Edit], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        apply_edits(noise_stack(6, 2), edits)


def test_a_huge_enlargement_costs_no_more_than_the_canvas() -> None:
    solid = np.full((20, 20, 4), 255, np.uint8)
    stack = Stack(40, 40, (PlainLayer((10, 10, 30, 30), solid),))
    (layer,) = apply_edits(stack, [Resize(0, (15_000, 15_000))]).layers
    assert layer.box == (0, 0, 40, 40)
    assert (layer.rgba == 255).all()


def test_a_layer_that_shows_nothing_is_left_as_it_is() -> None:
    clear = PlainLayer((2, 2, 6, 6), np.zeros((4, 4, 4), np.uint8))
    stack = Stack(8, 8, (clear,))
    for edit in (Rotate(0, 30), Resize(0, (2, 2)), Recolour(0, (1, 2, 3)), Opacity(0, 0.5), Move(0, 1, 1)):
        assert apply_edits(stack, [edit]).layers == (clear,)
    with pytest.raises(ValueError, match="it shows nothing"):
        apply_edits(stack, [Replace(0, np.full((2, 2, 4), 255, np.uint8))])
