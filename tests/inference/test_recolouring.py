"""The rule of a new colour, in numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inference.recolouring import recoloured

COLOUR = st.tuples(*[st.integers(0, 255)] * 3)
LUMA = np.array([0.299, 0.587, 0.114])


@given(COLOUR, COLOUR)
def test_a_layer_of_one_colour_becomes_the_colour(before: tuple[int, int, int], colour: tuple[int, int, int]) -> None:
    rgba = np.full((3, 4, 4), (*before, 0), np.uint8)
    rgba[..., 3] = np.arange(1, 13).reshape(3, 4)
    new = recoloured(rgba, colour)
    assert (new[..., :3] == colour).all()
    assert np.array_equal(new[..., 3], rgba[..., 3])


@given(st.integers(0, 2**32 - 1), COLOUR)
def test_lighter_pixels_stay_lighter_and_alpha_stays(seed: int, colour: tuple[int, int, int]) -> None:
    rgba = np.random.default_rng(seed).integers(0, 256, (6, 6, 4), np.uint8)
    new = recoloured(rgba, colour)
    assert np.array_equal(new[..., 3], rgba[..., 3])
    seen = rgba[..., 3] > 0
    order = np.argsort(rgba[seen][:, :3] @ LUMA)
    steps = np.diff(new[seen][order].astype(int), axis=0)[:, :3]
    assert (steps >= 0).all()
    assert not new[~seen].any()


def test_a_step_in_luminance_keeps_its_height() -> None:
    rgba = np.array([[[80, 80, 80, 255], [120, 120, 120, 255]]], np.uint8)  # mean 100
    new = recoloured(rgba, (0, 0, 255))  # luminance 29.07: 9.07 and 49.07 are due
    assert new[0, 0, :3].tolist() == [0, 0, round(255 * 9.07 / 29.07)]
    share = (49.07 - 29.07) / (255 - 29.07)
    assert new[0, 1, :3].tolist() == [round(255 * share), round(255 * share), 255]


def test_the_mean_is_weighted_by_alpha() -> None:
    rgba = np.array([[[0, 0, 0, 255], [255, 255, 255, 0], [200, 200, 200, 0]]], np.uint8)
    assert recoloured(rgba, (50, 60, 70))[0, 0].tolist() == [50, 60, 70, 255]
