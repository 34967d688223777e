from dataclasses import replace

import numpy as np
import pytest

from evaluation.editing.isolation import Isolation, isolation, support
from inference.apply_edits import apply_edits
from inference.edits import Move, Remove, Reorder
from schemas.stack import PlainLayer, Stack
from tests.evaluation.noise_stacks import apart, solid

CLEAN = Isolation(0, 0, 0)


def test_an_edit_of_ours_touches_nothing_else() -> None:
    stack = apart()
    assert isolation(stack, apply_edits(stack, [Move(1, 5, 5)]), {1}, {1}) == CLEAN
    assert isolation(stack, apply_edits(stack, [Remove(2)]), {2}, set()) == CLEAN
    assert isolation(stack, apply_edits(stack, [Reorder(1, 3)]), {1}, {3}) == CLEAN


def test_a_larger_box_around_the_same_pixels_is_no_change() -> None:
    stack = apart()
    rgba = np.zeros((48, 64, 4), np.uint8)
    left, top, right, bottom = stack.layers[2].box
    rgba[top:bottom, left:right] = stack.layers[2].rgba
    layers = (*stack.layers[:2], PlainLayer((0, 0, 64, 48), rgba), stack.layers[3])
    assert isolation(stack, replace(stack, layers=layers), {1}, {1}) == CLEAN


def test_a_changed_layer_is_counted_and_its_pixels_too() -> None:
    stack = apart()
    other = solid(stack.layers[2].box, (0, 143, 0))
    after = replace(stack, layers=(*stack.layers[:2], other, stack.layers[3]))
    assert isolation(stack, after, {1}, {1}) == Isolation(1, 160, 7)


def test_what_the_edited_layer_covers_is_not_outside() -> None:
    stack = apart()
    over = solid((28, 4, 52, 16), (1, 2, 3))
    after = replace(stack, layers=(stack.layers[0], *stack.layers[2:], over))
    assert isolation(stack, after, {1}, {3}) == CLEAN


@pytest.mark.parametrize(
    ("order", "changed"), [((0, 2, 1, 3), 1), ((3, 2, 1, 0), 3), ((0, 1), 2), ((0, 1, 2, 3, 3), 1), ((), 4)]
)
def test_lost_new_and_reordered_layers_are_counted(order: tuple[int, ...], changed: int) -> None:
    stack = apart()
    after = replace(stack, layers=tuple(stack.layers[index] for index in order))
    assert isolation(stack, after, (), ()).foreign_changed == changed


def test_the_support_is_where_alpha_is() -> None:
    layer = solid((1, 1, 4, 3), (9, 9, 9))
    layer.rgba[0, 0, 3] = 0
    shown = support([layer], 6, 5)
    assert shown.sum() == 5
    assert not shown[1, 1]
    assert shown[1, 2]


def test_another_canvas_is_refused() -> None:
    with pytest.raises(ValueError, match="one canvas, not on 64 x 48 and 9 x 9 px"):
        isolation(apart(), Stack(9, 9, ()), (), ())
