import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.distinct import recolour


def twisted(rgb):
    return (rgb[..., [2, 0, 1]].astype(int) * 7 % 256).astype(np.uint8)


@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 20), st.sampled_from([2, 256]))
def test_it_equals_converting_every_pixel(seed, width, height, values):
    rgba = np.random.default_rng(seed).integers(0, values, (height, width, 4), np.uint8)
    expected = np.concatenate([twisted(rgba[..., :3]), rgba[..., 3:]], axis=2)
    expected[rgba[..., 3] == 0] = 0
    assert np.array_equal(recolour(rgba, twisted), expected)


def test_each_colour_is_converted_once():
    seen = []
    rgba = np.zeros((9, 9, 4), np.uint8)
    rgba[2:, 3:] = (1, 2, 3, 255)
    rgba[2:, 5:] = (1, 2, 3, 90)
    rgba[4:] = (9, 9, 9, 7)
    recolour(rgba, lambda rgb: seen.append(rgb.tolist()) or rgb)
    assert [sorted(colours) for (colours,) in seen] == [[[1, 2, 3], [9, 9, 9]]]


def test_a_table_that_fills_grows():
    rgba = np.random.default_rng(3).integers(0, 256, (200, 200, 4), np.uint8)
    rgba[..., 3] = 255
    assert np.array_equal(recolour(rgba, twisted)[..., :3], twisted(rgba[..., :3]))


def test_a_view_is_accepted():
    whole = np.random.default_rng(1).integers(0, 256, (8, 8, 4), np.uint8)
    assert np.array_equal(recolour(whole[1:5, 2:7], twisted), recolour(whole[1:5, 2:7].copy(), twisted))


def test_nothing_solid_needs_no_conversion():
    assert not recolour(np.zeros((3, 3, 4), np.uint8), lambda rgb: 1 / 0).any()
