"""Small pictures of layers where they lie."""

import numpy as np

from data_pipeline.previews import layer_preview, preview


def test_a_layer_on_a_small_canvas_is_shown_as_it_is() -> None:
    rgba = np.random.default_rng(0).integers(1, 256, (5, 7, 4), np.uint8)
    shown = layer_preview(rgba, (3, 2, 10, 7), 20, 12, 512)
    assert shown.shape == (12, 20, 4)
    np.testing.assert_array_equal(shown[2:7, 3:10], rgba)
    assert shown.any(axis=2).sum() == 35


def test_a_layer_on_a_large_canvas_is_shown_in_its_place() -> None:
    canvas = np.zeros((400, 800, 4), np.uint8)
    canvas[104:200, 240:480] = (200, 30, 40, 255)
    shown = layer_preview(canvas[104:200, 240:480], (240, 104, 480, 200), 800, 400, 100)
    assert shown.shape == (50, 100, 4)
    assert (shown[13:25, 30:60] == (200, 30, 40, 255)).all()
    assert shown.any(axis=2).sum() == 12 * 30
    np.testing.assert_array_equal(shown[15:23, 32:58], preview(canvas, 100)[15:23, 32:58])


def test_a_layer_thinner_than_a_pixel_of_the_preview_is_still_shown() -> None:
    line = np.full((1, 5000, 4), 255, np.uint8)
    for top in (0, 2500, 4999):
        shown = layer_preview(line, (0, top, 5000, top + 1), 5000, 5000, 64)
        assert shown.shape == (64, 64, 4)
        assert (shown[..., 3] > 0).all(axis=1).sum() == 1
