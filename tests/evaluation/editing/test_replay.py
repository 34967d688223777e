"""Replayed edits: a perfect prediction is perfect, a shifted one is off by what can be counted."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.editing.replay import edited_pair, replay
from schemas.editing import ReplayRow
from schemas.stack import PlainLayer, Stack
from tests.evaluation.noise_stacks import HEIGHT, WIDTH, apart, noisy, solid


def by_edit(rows: list[ReplayRow], layer: int) -> dict[str, ReplayRow]:
    return {row.edit: row for row in rows if row.layer == layer}


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_a_perfect_prediction_scores_exactly_0_and_1(seed: int, count: int) -> None:
    stack = noisy(seed, count)
    rows = list(replay(stack, stack, "sample"))
    assert len(rows) == 12 * count
    for row in rows:
        assert (row.region_l1, row.region_ssim, row.frame_l1, row.frame_ssim) == (0.0, 1.0, 0.0, 1.0)
        assert (row.matched, row.foreign_changed, row.outside_max) == (row.layer, 0, 0)


@settings(max_examples=8)
@given(st.permutations(range(1, 4)))
def test_the_order_of_predicted_layers_that_do_not_meet_is_no_matter(order: list[int]) -> None:
    """Edits after which no two of them meet."""
    truth = apart()
    pred = replace(truth, layers=(truth.layers[0], *(truth.layers[index] for index in order)))
    for row in replay(pred, truth, "sample"):
        if row.layer and row.operation in ("resize", "recolour", "opacity", "remove", "replace"):
            assert (row.region_l1, row.region_ssim, row.frame_l1, row.frame_ssim) == (0.0, 1.0, 0.0, 1.0)


GROUND, SHAPE = (250, 250, 250), (250, 250, 97)  # 153 = 0.6 of 255 apart in one channel of three: 0.2


def shifted_by(pixels: int) -> tuple[Stack, Stack]:
    """A true and a predicted stack: a shape of 16 x 12 px, and the same some pixels further right."""
    box = (20, 18, 36, 30)
    ground = solid((0, 0, WIDTH, HEIGHT), GROUND)
    pred = solid((box[0] + pixels, box[1], box[2] + pixels, box[3]), SHAPE)
    return Stack(WIDTH, HEIGHT, (ground, pred)), Stack(WIDTH, HEIGHT, (ground, solid(box, SHAPE)))


@pytest.mark.parametrize("pixels", [1, 3])
def test_a_shifted_layer_is_off_by_the_columns_that_it_misses(pixels: int) -> None:
    pred, truth = shifted_by(pixels)
    edits = by_edit(list(replay(pred, truth, "sample")), 1)
    missed = 12 * pixels  # pixels on either side
    moved = edits["move by 1/8 of the canvas, right and down"]
    assert moved.region_px == 2 * 16 * 12 - (16 - 8) * (12 - 6)
    assert moved.region_l1 == pytest.approx(0.2 * missed / moved.region_px)  # on the left; the right is outside
    assert moved.frame_l1 == pytest.approx(0.2 * 2 * missed / (WIDTH * HEIGHT))
    halved = edits["opacity of a half"]  # of 255, 128; the colour's 97 becomes 97 * 128/255 + 250 * 127/255 = 173.2
    assert halved.region_l1 == pytest.approx((250 - 173) / 255 / 3 * missed / (16 * 12))
    turned = edits["rotate by 90 degrees"]  # about the middle of the true one: now it is too low, not too far right
    assert turned.frame_l1 == pytest.approx(0.2 * 2 * missed / (WIDTH * HEIGHT))
    for name in ("remove", "replace", "reorder to the bottom"):
        assert edits[name].region_l1 == edits[name].frame_l1 == 0.0
        assert edits[name].region_ssim == edits[name].frame_ssim == 1.0


def test_the_edit_acts_on_the_true_layers_frame() -> None:
    """Faint dust far away would else put the middle of the predicted layer elsewhere."""
    pred, truth = shifted_by(0)
    rgba = solid((0, 0, WIDTH, HEIGHT), (0, 0, 0), 0).rgba
    left, top, right, bottom = truth.layers[1].box
    rgba[top:bottom, left:right] = truth.layers[1].rgba
    rgba[0, 0] = (*GROUND, 255)
    dusty = replace(pred, layers=(pred.layers[0], PlainLayer((0, 0, WIDTH, HEIGHT), rgba)))
    edits = by_edit(list(replay(dusty, truth, "sample")), 1)
    for name in ("rotate by 15 degrees", "rotate by 90 degrees", "resize to a half", "remove"):
        assert edits[name].region_l1 == 0.0


def test_a_layer_that_nothing_matches_has_the_worst_there_is() -> None:
    truth = apart()
    pred = replace(truth, layers=truth.layers[:3])
    rows = by_edit(list(replay(pred, truth, "sample")), 3)
    assert len(rows) == 12
    for row in rows.values():
        assert (row.region_l1, row.region_ssim, row.frame_l1, row.frame_ssim) == (1.0, 0.0, 1.0, 0.0)
        assert row.matched is row.foreign_changed is row.outside_max is None
        assert row.region_px > 0


@pytest.mark.parametrize("pred", [None, Stack(WIDTH, HEIGHT, ())])
def test_without_a_prediction_nothing_matches(pred: Stack | None) -> None:
    rows = list(replay(pred, apart(), "sample"))
    assert len(rows) == 48
    assert {row.matched for row in rows} == {None}


def test_removing_the_only_layer_of_both_leaves_two_empty_pictures() -> None:
    stack = Stack(WIDTH, HEIGHT, (solid((5, 5, 30, 30), SHAPE),))
    assert by_edit(list(replay(stack, stack, "sample")), 0)["remove"].frame_l1 == 0.0


def test_the_pictures_of_an_edit_can_be_seen() -> None:
    pred, truth = shifted_by(3)
    true, ours = edited_pair(pred, 1, truth, 1, "remove")
    assert (true == (*GROUND, 255)).all()
    assert (ours == true).all()
    assert len(edited_pair(None, None, truth, 1, "remove")) == 1
    assert (edited_pair(pred, None, truth, 1, "remove")[1] != true).any()
