"""Turned layers in closed form."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.rotation import turned

CANVAS = (120, 100)


def ramp(width: int, height: int) -> np.ndarray:
    """Opaque; red grows to the right by 2 a pixel, green downwards by 3."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([2 * x, 3 * y, np.full_like(x, 77), np.full_like(x, 255)]).astype(np.uint8)


@given(st.floats(-360, 360).filter(lambda degrees: degrees % 90 != 0))
def test_a_ramp_turns_clockwise_about_the_middle_of_its_box(degrees: float) -> None:
    """Catmull-Rom's cubic reproduces straight lines, so every inner pixel is known to within rounding."""
    box = (30, 20, 90, 70)
    found = turned(ramp(60, 50), box, degrees, box, CANVAS)
    assert found is not None
    pixels, target = found
    angle = math.radians(degrees)
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]] + 0.5
    dx, dy = x + target[0] - 60, y + target[1] - 45
    source_x = math.cos(angle) * dx + math.sin(angle) * dy + 30 - 0.5
    source_y = -math.sin(angle) * dx + math.cos(angle) * dy + 25 - 0.5
    inner = (source_x >= 1) & (source_x <= 58) & (source_y >= 1) & (source_y <= 48)
    assert inner.sum() > 1500
    for channel, expected in enumerate((2 * source_x, 3 * source_y, np.full_like(x, 77), np.full_like(x, 255))):
        assert np.abs(pixels[..., channel] - expected)[inner].max() <= 0.5001


def test_a_quarter_turn_is_clockwise() -> None:
    rgba = np.zeros((3, 5, 4), np.uint8)
    rgba[1, 4] = (1, 2, 3, 255)  # at the right end
    found = turned(rgba, (50, 50, 55, 53), 90, (50, 50, 55, 53), CANVAS)
    assert found is not None
    pixels, box = found
    assert box == (51, 49, 54, 54)
    assert pixels[4, 1].tolist() == [1, 2, 3, 255]  # at the lower end


@given(st.sampled_from([90, 180, 270]), st.integers(1, 9), st.integers(1, 9), st.data())
def test_quarter_turns_agree_with_the_turn_by_a_little_more(
    degrees: int, width: int, height: int, data: st.DataObject
) -> None:
    """Where no half pixel is in play, and about a box that is not the layer's own."""
    about = (50, 40, 50 + 2 * data.draw(st.integers(1, 8)), 40 + 2 * data.draw(st.integers(1, 8)))
    box = (46, 47, 46 + width, 47 + height)
    rgba = np.random.default_rng(width).integers(1, 256, (height, width, 4), np.uint8)
    exact = turned(rgba, box, degrees, about, CANVAS)
    nearly = turned(rgba, box, degrees + 1e-9, about, CANVAS)
    assert exact is not None
    assert nearly is not None
    assert np.array_equal(on_canvas(*exact), on_canvas(*nearly))


def test_what_is_turned_off_the_canvas_is_cut() -> None:
    rgba = np.full((10, 120, 4), 255, np.uint8)
    box = (0, 90, 120, 100)
    for degrees in (90, 89):
        found = turned(rgba, box, degrees, box, CANVAS)
        assert found is not None
        assert found[1][3] == 100
        assert found[1][1] == pytest.approx(34, abs=3)
    assert turned(rgba, box, 90, (0, 500, 10, 510), CANVAS) is None


def test_a_flat_colour_stays_flat_to_its_edge() -> None:
    rgba = np.full((20, 20, 4), (10, 200, 99, 255), np.uint8)
    found = turned(rgba, (40, 40, 60, 60), 33, (40, 40, 60, 60), CANVAS)
    assert found is not None
    seen = found[0][found[0][..., 3] > 0]
    assert (seen[:, :3] == (10, 200, 99)).all()
    assert (seen[:, 3] < 255).any()


def on_canvas(pixels: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    canvas = np.zeros((CANVAS[1], CANVAS[0], 4), np.uint8)
    canvas[box[1] : box[3], box[0] : box[2]] = pixels
    return canvas
