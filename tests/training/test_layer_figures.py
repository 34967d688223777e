"""Figures of layers that are known to be right, blank or too many."""

import numpy as np
import pytest

from data_pipeline.compose import compose
from evaluation.decomposition.stand_ins import blanks
from tests.training.drawn_shards import soft_stack
from training.layer_figures import as_stack, decomposed, decomposition_sheet, generated
from training.picture_sheet import sheet


@pytest.fixture
def truth():
    stack = soft_stack(np.random.default_rng(0), 4, 64, 48)
    canvases = np.zeros((4, 48, 64, 4), np.uint8)
    for canvas, layer in zip(canvases, stack.layers, strict=True):
        left, top, right, bottom = layer.box
        canvas[top:bottom, left:right] = layer.rgba
    return as_stack(canvases)


def test_the_truth_itself_has_full_marks(truth):
    figures = decomposed(truth, truth, truth)
    assert figures["alpha_iou_0"] == figures["alpha_iou_5"] == figures["auto_alpha_iou_0"] == 1
    assert [figures[name] for name in ("rgb_l1_0", "blank_rate", "recomposition", "auto_layers_off")] == [0] * 4


def test_blank_layers_are_counted_and_show_nothing_of_the_picture(truth):
    figures = decomposed(blanks(truth), truth, None)
    assert figures["blank_rate"] == 1
    seen = compose(truth)[..., :3].astype(float)
    assert figures["recomposition"] == pytest.approx((seen.mean() + (255 - seen).mean()) / 2, abs=0.01)


def test_layers_too_many_are_told(truth):
    assert decomposed(truth, truth, as_stack([layer.rgba for layer in truth.layers] * 2))["auto_layers_off"] == 4


def test_generated_layers_are_held_against_their_own_composite(truth):
    assert generated(as_stack([compose(truth)]), truth, None) == {"blank_rate": 0, "recomposition": 0}


def test_a_sheet_shows_input_and_layers_above_the_true_ones(truth):
    """Predicted and true layers of one stack are the same tiles."""
    drawn = decomposition_sheet(compose(truth), truth, truth, None)
    halves = np.split(drawn[20:], [drawn[20:].shape[0] // 2])
    width = drawn.shape[1] // 6
    assert np.array_equal(*(half[:140, width:] for half in halves))
    assert (halves[1][20:140, :width] == 255).all()


def test_small_pictures_are_enlarged_by_a_whole_factor():
    rgba = np.full((10, 16, 4), 255, np.uint8)
    rgba[:, :8, :3] = 0
    drawn = sheet(("one",), [[rgba]])
    assert (drawn[20:170, 6:126] == 0).all()
    assert (drawn[20:170, 126:246] == 255).all()
