from dataclasses import replace

from evaluation.editing.grid import VARIANTS, drawn_layers
from inference.edits import OPERATIONS, Move, Reorder, operation
from schemas.stack import PlainLayer, Stack
from tests.evaluation.noise_stacks import apart, noisy, solid


def test_every_operation_is_in_the_grid() -> None:
    stack = apart()
    assert {operation(variant(1, stack)) for variant in VARIANTS.values()} == set(OPERATIONS)


def test_magnitudes_follow_the_canvas() -> None:
    stack = replace(apart(), width=400, height=244)
    assert VARIANTS["move by 1/8 of the canvas, right and down"](0, stack) == Move(0, 50, 31)
    assert VARIANTS["reorder to the top"](1, stack) == Reorder(1, 3)


def test_few_layers_are_all_drawn_but_those_that_show_nothing() -> None:
    stack = apart()
    clear: PlainLayer = solid((0, 0, 5, 5), (9, 9, 9), 0)
    with_clear = Stack(stack.width, stack.height, (clear, *stack.layers[:3]))
    assert drawn_layers(stack, "name", 0) == (0, 1, 2, 3)
    assert drawn_layers(with_clear, "name", 0) == (1, 2, 3)


def test_of_many_layers_the_seed_and_the_name_draw_some() -> None:
    stack = noisy(0, 12)
    drawn = {(seed, name): drawn_layers(stack, name, seed) for seed in range(4) for name in ("a", "b\udce9", "c")}
    assert all(len(set(layers)) == 4 for layers in drawn.values())
    assert len(set(drawn.values())) > 6
    assert drawn_layers(stack, "a", 3) == drawn[3, "a"]
