import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.editing.likeness import Likeness, likeness, over
from evaluation.similarity import luma, ssim


def region(*box: int, shape: tuple[int, int] = (40, 60)) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


def noise(seed: int, height: int = 40, width: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 30))
def test_equal_pictures_of_any_size_are_exactly_alike(seed: int, height: int, width: int) -> None:
    picture = noise(seed, height, width)
    mask = region(0, 0, 1, 1, shape=(height, width))
    assert likeness(picture, picture.copy(), mask) == Likeness(0.0, 1.0, 0.0, 1.0)


def test_opaque_pictures_differ_by_their_mean_absolute_difference() -> None:
    a = np.full((40, 60, 4), 255, np.uint8)
    b = a.copy()
    b[10:20, 20:40, 0] = 204  # 51 of 255 in one channel of three
    alike = likeness(a, b, region(20, 10, 40, 25))
    assert alike.region_l1 == pytest.approx(0.2 / 3 * (10 / 15))
    assert alike.frame_l1 == pytest.approx(0.2 / 3 * (200 / 2400))
    assert alike.frame_ssim == ssim(luma(a[..., :3]), luma(b[..., :3]))
    assert alike.region_ssim == ssim(luma(a[5:30, 15:45, :3]), luma(b[5:30, 15:45, :3]))


@pytest.mark.parametrize("level", [0, 255])
def test_nothing_vanishes_on_a_ground_of_its_own_colour(level: int) -> None:
    clear = np.zeros((40, 60, 4), np.uint8)
    shown = np.full((40, 60, 4), (level, level, level, 255), np.uint8)
    alike = likeness(clear, shown, region(0, 0, 60, 40))
    assert alike.frame_l1 == 0.5
    assert alike.frame_ssim == pytest.approx(0.5, abs=0.001)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 255]))
def test_a_picture_on_a_ground_is_rounded_once(seed: int, ground: int) -> None:
    rgba = noise(seed)
    alpha = rgba[..., 3:] / 255
    exact = rgba[..., :3] * alpha + ground * (1 - alpha)
    assert np.abs(over(rgba, ground) - exact).max() <= 0.5 + 1e-9


def test_opposed_pictures_are_not_worse_than_the_worst() -> None:
    a = noise(1)
    a[..., 3] = 255
    b = a.copy()
    b[..., :3] = 255 - b[..., :3]
    alike = likeness(a, b, region(0, 0, 60, 40))
    assert alike.region_ssim == alike.frame_ssim == 0.0
