"""A crop is a function of the seed and the position, shows something, and is laid on its ground exactly."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.configuration import VaeStage
from training.crops import Crop, cut, draw_crop, laid_on
from training.recipes import COMPOSITE

STAGE = VaeStage(crop_px=32)
WHOLE = Crop(COMPOSITE, 0.0, (0.0, 0.0), flipped=False, ground=None)

unit = st.floats(0, 1, exclude_max=True)
crops = st.builds(Crop, st.just(COMPOSITE), unit, st.tuples(unit, unit), st.booleans(), st.none())


def picture(width, height, seed=0):
    rgba = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    rgba[rgba[..., 3] == 0] = 0
    return rgba


@given(st.integers(0, 1 << 62), st.integers(0, 1 << 40), st.integers(0, 20))
def test_a_crop_is_a_function_of_seed_and_position(seed, position, layers):
    crop = draw_crop(seed, position, layers, STAGE)
    assert crop == draw_crop(seed, position, layers, STAGE)
    assert crop != draw_crop(seed, position + 1, layers, STAGE)
    assert crop != draw_crop(seed + 1, position, layers, STAGE)
    assert COMPOSITE <= crop.picture < layers


def test_shares_are_as_configured():
    stage = replace(STAGE, rgb_share=0.3, layer_share=0.5)
    drawn = [draw_crop(0, position, 4, stage) for position in range(4000)]
    layers = Counter(crop.picture for crop in drawn)
    deviation = (4000 * 0.25) ** 0.5
    assert abs(layers.pop(COMPOSITE) - 2000) < 5 * deviation
    assert all(abs(count - 500) < 5 * deviation for count in layers.values())
    assert abs(sum(crop.ground is not None for crop in drawn) - 1200) < 5 * deviation
    assert abs(sum(crop.flipped for crop in drawn) - 2000) < 5 * deviation


def test_a_flat_picture_has_no_layers_to_draw_and_an_rgb_vae_sees_opaque_crops():
    assert {draw_crop(0, position, 0, STAGE).picture for position in range(50)} == {COMPOSITE}
    stage = replace(STAGE, image_channels=3, rgb_share=0.0)
    assert all(draw_crop(0, position, 3, stage).ground is not None for position in range(50))


@given(crops, st.integers(1, 70), st.integers(1, 70), st.integers(0, 69), st.integers(0, 69))
def test_one_visible_pixel_is_enough_for_every_crop_to_show_it(crop, width, height, x, y):
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[y % height, x % width] = (9, 8, 7, 255)
    made = cut(rgba, crop, 32)
    assert made.shape == (32, 32, 4)
    assert made[..., 3].any()
    assert (made[made[..., 3] > 0][:, :3] == (9, 8, 7)).all()


@given(crops)
def test_a_crop_is_a_window_of_its_picture(crop):
    rgba = picture(48, 40)
    made = cut(rgba, replace(crop, flipped=False), 32)
    windows = np.lib.stride_tricks.sliding_window_view(rgba, (32, 32), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    assert (windows == made).all(axis=(2, 3, 4)).any()
    assert (cut(rgba, replace(crop, flipped=True), 32) == made[:, ::-1]).all()


def test_every_window_of_an_opaque_picture_is_drawn():
    rgba = picture(34, 32)
    rgba[..., 3] = 255
    drawn = [cut(rgba, replace(draw_crop(0, position, 0, STAGE), ground=None), 32) for position in range(60)]
    assert {made.tobytes() for made in drawn} >= {np.ascontiguousarray(rgba[:, x : x + 32]).tobytes() for x in range(3)}


def test_a_small_picture_is_enlarged_without_a_dark_fringe():
    rgba = np.zeros((8, 16, 4), np.uint8)
    rgba[:, 3:] = (200, 100, 50, 255)
    made = cut(rgba, WHOLE, 32)
    assert 0 < (made[..., 3] < 255).mean() < 0.5
    assert (np.abs(made[made[..., 3] > 0][:, :3].astype(int) - (200, 100, 50)) <= 1).all()
    assert (made[made[..., 3] == 0] == 0).all()


def test_a_picture_without_anything_is_a_crop_without_anything():
    assert not cut(np.zeros((40, 40, 4), np.uint8), WHOLE, 32).any()


@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255), (13, 200, 77)])
def test_a_crop_on_a_ground_is_the_blend_rounded_once(ground):
    rgba = picture(32, 32)
    alpha = rgba[..., 3:].astype(np.float64) / 255
    blend = rgba[..., :3] * alpha + np.array(ground) * (1 - alpha)
    laid = laid_on(rgba, ground)
    assert (laid[..., 3] == 255).all()
    assert np.abs(laid[..., :3] - blend).max() <= 0.5
    assert (cut(rgba, replace(WHOLE, ground=ground), 32) == laid).all()
