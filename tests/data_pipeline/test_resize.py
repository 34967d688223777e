import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data_pipeline.previews import preview
from data_pipeline.resize import resize, resize_picture, target_size
from schemas.stack import PlainLayer, Stack

SIDE = st.integers(1, 5000)


def noise_layer(seed, width, height, opaque=0.7):
    noise = np.random.default_rng(seed)
    left, top = int(noise.integers(0, width)), int(noise.integers(0, height))
    right, bottom = int(noise.integers(left + 1, width + 1)), int(noise.integers(top + 1, height + 1))
    rgba = noise.integers(0, 256, (bottom - top, right - left, 4), np.uint8)
    rgba[noise.random(rgba.shape[:2]) > opaque] = 0
    rgba[rgba[..., 3] == 0] = 0
    return PlainLayer((left, top, right, bottom), rgba)


def on_canvas(layer, width, height):
    canvas = np.zeros((height, width, 4), np.uint8)
    canvas[layer.box[1] : layer.box[3], layer.box[0] : layer.box[2]] = layer.rgba
    return canvas


@given(SIDE, SIDE, st.integers(1, 2_000_000))
def test_the_target_fits_and_never_grows(width, height, max_area):
    w, h = target_size(width, height, max_area)
    assert 1 <= w <= width
    assert 1 <= h <= height
    assert w * h <= max_area


@given(st.integers(100, 5000), st.integers(100, 5000), st.integers(40_000, 1_000_000))
def test_the_target_keeps_the_aspect_within_a_pixel(width, height, max_area):
    w, h = target_size(width, height, max_area)
    assert abs(w * height - h * width) <= max(width, height)


def test_a_canvas_that_fits_is_left_alone():
    stack = Stack(4, 4, (noise_layer(1, 4, 4),))
    resized = resize(stack, 16)
    assert resized.stack.layers == stack.layers
    assert resized.kept == (0,)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 60), st.integers(1, 900))
def test_a_layer_alone_equals_its_full_canvas(seed, width, height, max_area):
    layer = noise_layer(seed, width, height)
    w, h = target_size(width, height, max_area)
    resized = resize(Stack(width, height, (layer,)), max_area).stack
    whole = resize_picture(on_canvas(layer, width, height), (w, h))
    assert (resized.width, resized.height) == (w, h)
    ours = on_canvas(resized.layers[0], w, h) if resized.layers else np.zeros((h, w, 4), np.uint8)
    assert np.array_equal(ours, whole)


@given(st.integers(0, 2**32 - 1), st.integers(8, 60), st.integers(8, 60))
def test_boxes_are_tight_and_nothing_hides_under_zero_alpha(seed, width, height):
    for layer in resize(Stack(width, height, (noise_layer(seed, width, height, 0.2),)), 60).stack.layers:
        alpha = layer.rgba[..., 3]
        assert layer.rgba.shape[:2] == (layer.box[3] - layer.box[1], layer.box[2] - layer.box[0])
        assert alpha[0].any()
        assert alpha[-1].any()
        assert alpha[:, 0].any()
        assert alpha[:, -1].any()
        assert not layer.rgba[alpha == 0].any()


def test_a_flat_colour_stays_flat_to_its_edge():
    rgba = np.zeros((50, 70, 4), np.uint8)
    rgba[...] = (10, 200, 99, 255)
    (layer,) = resize(Stack(120, 90, (PlainLayer((13, 17, 83, 67), rgba),)), 500).stack.layers
    assert (layer.rgba[layer.rgba[..., 3] > 0][:, :3] == (10, 200, 99)).all()


def test_a_layer_that_vanishes_is_left_out():
    dust = np.full((1, 1, 4), 1, np.uint8)
    solid = np.full((40, 40, 4), 255, np.uint8)
    stack = Stack(40, 40, (PlainLayer((3, 3, 4, 4), dust), PlainLayer((0, 0, 40, 40), solid)))
    resized = resize(stack, 100)
    assert resized.kept == (1,)
    assert len(resized.stack.layers) == 1


def test_the_record_of_a_layer_is_kept():
    rgba = np.full((40, 40, 4), 255, np.uint8)
    layer = PlainLayer((0, 0, 40, 40), rgba, (3, 4), 7, True, 0.25)
    (ours,) = resize(Stack(40, 40, (layer,)), 100).stack.layers
    assert (ours.layer_ids, ours.owner_id, ours.baked, ours.backdrop_dependence) == ((3, 4), 7, True, 0.25)


def test_halving_is_close_to_pillows_antialiased_halving():
    y, x = np.mgrid[0:64, 0:96]
    picture = np.stack([x * 2, y * 3, x + y, np.full_like(x, 255)], axis=-1).astype(np.uint8)
    theirs = np.asarray(Image.fromarray(picture).resize((48, 32), Image.Resampling.HAMMING))
    assert np.abs(resize_picture(picture, (48, 32)).astype(int) - theirs)[1:-1, 1:-1].max() <= 1


def test_the_mean_of_noise_is_kept():
    picture = np.random.default_rng(5).integers(0, 256, (400, 400, 4), np.uint8)
    picture[..., 3] = 255
    assert resize_picture(picture, (40, 40)).mean() == pytest.approx(picture.mean(), abs=1)


def test_views_of_a_larger_array_are_accepted():
    whole = np.random.default_rng(2).integers(0, 256, (40, 60, 4), np.uint8)
    part = whole[3:30, 5:50]
    assert np.array_equal(resize_picture(part, (9, 8)), resize_picture(part.copy(), (9, 8)))


def test_a_preview_keeps_the_aspect_and_never_grows():
    picture = np.zeros((300, 900, 4), np.uint8)
    assert preview(picture, 512).shape == (171, 512, 4)
    assert preview(picture[:, :1], 30).shape == (30, 1, 4)
    assert preview(picture, 900) is picture
