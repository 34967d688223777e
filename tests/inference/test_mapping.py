"""Scaled layers against Pillow and the pipeline's own resizing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data_pipeline.resize import resize_picture
from inference.mapping import catmull_rom, mapped
from schemas.stack import Box

CANVAS = (64, 48)


def noise(seed: int, width: int, height: int) -> np.ndarray:
    rgba = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    rgba[rgba[..., 3] == 0] = 0
    return rgba


def test_enlarging_an_opaque_picture_is_pillows_bicubic() -> None:
    rgba = np.random.default_rng(1).integers(80, 170, (7, 9, 4), np.uint8)  # no overshoot, which Pillow clips twice
    rgba[..., 3] = 255
    found = mapped(rgba, (20, 20, 29, 27), (20, 20, 29, 27), (3, 4, 45, 40), CANVAS)
    assert found is not None
    pixels, box = found
    theirs = np.asarray(Image.fromarray(rgba).resize((42, 36), Image.Resampling.BICUBIC))
    assert box == (3, 4, 45, 40)
    assert np.abs(pixels.astype(int) - theirs).max() <= 1  # Pillow rounds between its two passes


@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 20))
def test_shrinking_is_that_of_the_pipeline(seed: int, width: int, height: int) -> None:
    rgba = noise(seed, 20, 20)
    found = mapped(rgba, (0, 0, 20, 20), (0, 0, 20, 20), (5, 6, 5 + width, 6 + height), CANVAS)
    assert found is not None
    if width < 20 and height < 20:
        assert np.array_equal(found[0], resize_picture(rgba, (width, height)))


@given(st.integers(0, 2**32 - 1), st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 90), st.integers(1, 90))
def test_the_canvas_cuts_and_changes_nothing_else(seed: int, left: int, top: int, width: int, height: int) -> None:
    rgba = noise(seed, 9, 11)
    old = (0, 0, 9, 11)
    new = (left, top, left + width, top + height)
    large = mapped(rgba, old, old, (new[0] + 50, new[1] + 50, new[2] + 50, new[3] + 50), (300, 300))
    assert large is not None
    whole = np.zeros((300, 300, 4), np.uint8)
    whole[large[1][1] : large[1][3], large[1][0] : large[1][2]] = large[0]
    found = mapped(rgba, old, old, new, CANVAS)
    seen = np.zeros((CANVAS[1], CANVAS[0], 4), np.uint8)
    if found is not None:
        seen[found[1][1] : found[1][3], found[1][0] : found[1][2]] = found[0]
    assert np.array_equal(seen, whole[50 : 50 + CANVAS[1], 50 : 50 + CANVAS[0]])


@pytest.mark.parametrize("new", [(10, 10, 25, 22), (10, 10, 13, 12), (0, 0, 64, 48)])
def test_a_flat_colour_stays_flat_and_its_edges_sharp(new: Box) -> None:
    rgba = np.full((8, 8, 4), (10, 200, 99, 255), np.uint8)
    found = mapped(rgba, (1, 2, 9, 10), (1, 2, 9, 10), new, CANVAS)
    assert found is not None
    assert found[1] == new
    assert (found[0] == (10, 200, 99, 255)).all()


def test_what_lies_beyond_the_old_box_moves_with_it() -> None:
    rgba = np.full((4, 8, 4), 255, np.uint8)
    found = mapped(rgba, (10, 10, 18, 14), (10, 10, 14, 14), (10, 10, 18, 18), CANVAS)
    assert found is not None
    assert found[1] == (10, 10, 26, 18)


@pytest.mark.parametrize("new", [(10, 10, 25, 22), (11, 9, 16, 17), (8, 8, 18, 13)])
def test_what_lies_beyond_the_old_box_changes_nothing_inside(new: Box) -> None:
    rgba = noise(3, 20, 20)
    old = (16, 17, 26, 29)
    alone = mapped(rgba[7:19, 6:16], old, old, new, CANVAS)
    with_more = mapped(rgba, (10, 10, 30, 30), old, new, CANVAS)
    assert alone is not None
    assert with_more is not None
    left, top = new[0] - with_more[1][0], new[1] - with_more[1][1]
    inside = with_more[0][top : top + new[3] - new[1], left : left + new[2] - new[0]]
    assert np.array_equal(alone[0], inside)


def test_catmull_roms_weights_sum_to_one_and_place_a_line_where_it_is() -> None:
    for offset in np.linspace(0, 1, 11):
        distance = np.array([1 + offset, offset, 1 - offset, 2 - offset])
        weights = catmull_rom(distance)
        assert weights.sum() == pytest.approx(1, abs=1e-12)
        assert weights @ np.array([-1, 0, 1, 2]) == pytest.approx(offset, abs=1e-12)
