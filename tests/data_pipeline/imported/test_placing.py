"""Where a picture comes to lie, held against Pillow; exact where nothing has to be interpolated."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data_pipeline.imported.placing import Place, placed, turn
from data_pipeline.resize import resize_picture

_RNG = np.random.default_rng(7)
_PICTURE = _RNG.integers(1, 256, (20, 32, 4), dtype=np.uint8)


def on_canvas(rgba: np.ndarray, place: Place, width: int = 120, height: int = 100) -> np.ndarray:
    canvas = np.zeros((height, width, 4), np.uint8)
    found = placed(rgba, place, width, height)
    if found is not None:
        (left, top, right, bottom), pixels = found
        canvas[top:bottom, left:right] = pixels
    return canvas


def opaque(width: int, height: int) -> np.ndarray:
    rgba = np.kron(_RNG.integers(0, 256, (height // 5, width // 5, 4), dtype=np.uint8), np.ones((5, 5, 1), np.uint8))
    rgba[..., 3] = 255
    return rgba


@pytest.mark.parametrize(("degrees", "left", "top", "turns"), [(0, 5, 7, 0), (90, 5, 7, -1), (180, 5, 7, 2),
                                                               (-90, 5, 7, 1), (450, 5, 7, -1)])  # fmt: skip
def test_on_whole_pixels_at_right_angles_every_value_is_kept(degrees: float, left: int, top: int, turns: int) -> None:
    found = placed(_PICTURE, Place(left, top, 32, 20, degrees), 120, 100)
    assert found is not None
    np.testing.assert_array_equal(found[1], np.rot90(_PICTURE, turns))
    assert found[0][:2] == ((left, top) if turns % 2 == 0 else (left + 6, top - 6))  # about the centre


def test_opacity_scales_alpha_and_leaves_colours() -> None:
    whole, faded = (on_canvas(_PICTURE, Place(5, 7, 32, 20, opacity=opacity)) for opacity in (1, 0.25))
    np.testing.assert_array_equal(faded[..., 3], np.floor(whole[..., 3] * 0.25 + 0.5))
    seen = faded[..., 3] > 0
    np.testing.assert_array_equal(faded[seen][:, :3], whole[seen][:, :3])


@pytest.mark.parametrize("degrees", [-170.0, -31.5, 12.0, 45.0, 133.0])
def test_a_turned_picture_is_pillows(degrees: float) -> None:
    picture = opaque(60, 40)
    ours = on_canvas(picture, Place(30, 30, 60, 40, degrees))
    whole = np.zeros((100, 120, 4), np.uint8)
    whole[30:70, 30:90] = picture
    turned = Image.fromarray(whole).rotate(-degrees, Image.Resampling.BILINEAR, center=(60, 50))
    theirs = np.asarray(turned)
    inside = on_canvas(np.full((36, 56, 4), 255, np.uint8), Place(32, 32, 56, 36, degrees))[..., 3] == 255
    assert np.abs(ours[inside].astype(int) - theirs[inside]).max() <= 2  # Pillow's bilinear weights have few bits
    outside = on_canvas(np.full((46, 66, 4), 255, np.uint8), Place(27, 27, 66, 46, degrees))[..., 3] == 0
    assert not ours[outside].any()


@given(st.floats(-20, 80), st.floats(-20, 80), st.floats(1, 90), st.floats(1, 90), st.floats(-400, 400))
def test_a_plain_picture_covers_the_area_of_its_box(
    left: float, top: float, width: float, height: float, degrees: float
) -> None:
    alpha = on_canvas(np.full((9, 9, 4), 255, np.uint8), Place(left + 200, top + 200, width, height, degrees), 500, 500)
    assert alpha[..., 3].sum() / 255 == pytest.approx(width * height, rel=0.02, abs=1)


def test_a_pixel_that_a_box_reaches_into_is_covered_in_part() -> None:
    alpha = on_canvas(np.full((4, 4, 4), 255, np.uint8), Place(10.25, 20, 4, 4))[20, :, 3]
    assert alpha[10:15].tolist() == [191, 255, 255, 255, 64]


def test_a_larger_picture_is_resized_as_a_layer_is() -> None:
    picture = opaque(100, 80)
    found = placed(picture, Place(3, 4, 50, 40), 120, 100)
    assert found is not None
    np.testing.assert_array_equal(found[1], resize_picture(picture, (50, 40)))


def test_an_enlarged_picture_is_pillows_bilinear() -> None:
    picture = opaque(20, 15)
    ours = on_canvas(picture, Place(10, 10, 80, 60))[10:70, 10:90]
    theirs = np.asarray(Image.fromarray(picture).resize((80, 60), Image.Resampling.BILINEAR))
    assert np.abs(ours.astype(int) - theirs).max() <= 1


@pytest.mark.parametrize(
    "place", [Place(120, 0, 9, 9), Place(-9, 0, 9, 9), Place(0, 0, 0, 9), Place(0, 0, 9, 9, opacity=0)]
)
def test_what_is_off_the_canvas_or_empty_is_nothing(place: Place) -> None:
    assert placed(_PICTURE, place, 120, 100) is None


def test_a_box_far_larger_than_the_canvas_costs_the_canvas() -> None:
    found = placed(_PICTURE, Place(-4e6, -4e6, 8e6, 8e6), 12, 10)
    assert found is not None
    assert found[1].shape == (10, 12, 4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((math.nan, 0, 1, 1), "left is nan"),
        ((0, math.inf, 1, 1), "top is inf"),
        ((0, 0, -1, 1), "width is -1, a negative size"),
        ((0, 0, 1, 1e12), "height is"),
        ((0, 0, 1, 1, math.nan), "degrees is nan"),
        ((0, 0, 1, 1, 0, 1.5), "opacity is 1.5"),
        ((0, 0, 1, 1, 0, math.nan), "opacity is nan"),
    ],
)
def test_what_is_no_place_is_refused(values: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Place(*values)


@given(st.floats(-1000, 1000))
def test_turns_are_the_librarys(degrees: float) -> None:
    cosine, sine = turn(degrees)
    radians = math.radians(math.fmod(degrees, 360))
    assert cosine == pytest.approx(math.cos(radians), abs=5e-13)
    assert sine == pytest.approx(math.sin(radians), abs=5e-13)


def test_right_angles_are_exact() -> None:
    assert [turn(90 * k) for k in (-1, 0, 1, 2, 7)] == [(0, -1), (1, 0), (0, 1), (-1, 0), (0, -1)]
