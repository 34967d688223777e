import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from evaluation.similarity import luma, mean_squared_error, nonnegative_ssim, psnr, ssim

RADIUS = 5  # of the window


def _noisy_pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(height * width)
    ramp = np.add.outer(np.arange(height), 2 * np.arange(width)) % 256
    noisy = np.clip(ramp + rng.normal(0, 20, ramp.shape), 0, 255)
    return ramp.astype(np.uint8), np.rint(noisy).astype(np.uint8)


def test_psnr_of_a_constant_offset_is_that_of_its_square() -> None:
    grey = np.full((4, 6, 3), 100, np.uint8)
    assert psnr(grey, grey + 10) == pytest.approx(20 * math.log10(255 / 10), abs=1e-12)


def test_psnr_of_unsigned_pictures_does_not_wrap_around() -> None:
    black, white = np.zeros((3, 3, 3), np.uint8), np.full((3, 3, 3), 255, np.uint8)
    assert psnr(black, white) == psnr(white, black) == 0


def test_psnr_of_identical_pictures_is_infinite() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert psnr(picture, picture.copy()) == math.inf


def test_psnr_of_floats_is_that_of_bytes_at_their_peak() -> None:
    a, b = _noisy_pair(16, 20)
    assert psnr(a / 255, b / 255, peak=1.0) == pytest.approx(psnr(a, b), abs=1e-12)


def test_psnr_is_scikit_images() -> None:
    a, b = _noisy_pair(33, 47)
    assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255), abs=1e-12)


@pytest.mark.parametrize("size", [(11, 11), (11, 40), (64, 12), (75, 131)])
@pytest.mark.parametrize("peak", [1.0, 255.0])
def test_ssim_is_scikit_images_over_the_valid_region(size: tuple[int, int], peak: float) -> None:
    a, b = (plane * (peak / 255) for plane in _noisy_pair(*size))
    _, picture = structural_similarity(
        a, b, data_range=peak, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    valid = picture[RADIUS:-RADIUS, RADIUS:-RADIUS]
    assert ssim(a, b, peak) == pytest.approx(valid.mean(), abs=1e-12)


def test_ssim_of_identical_pictures_is_one() -> None:
    a, _ = _noisy_pair(30, 30)
    assert ssim(a, a.copy()) == pytest.approx(1, abs=1e-14)


def test_ssim_of_two_solid_pictures_is_the_luminance_term() -> None:
    c1 = (0.01 * 255) ** 2
    a, b = np.full((20, 20), 60, np.uint8), np.full((20, 20), 90, np.uint8)
    assert ssim(a, b) == pytest.approx((2 * 60 * 90 + c1) / (60**2 + 90**2 + c1), abs=1e-12)


def test_opposed_contrasts_count_as_nothing_only_where_asked() -> None:
    noise = np.random.default_rng(0).normal(0, 30, (40, 40))
    assert ssim(128 + noise, 128 - noise) < -0.5
    assert nonnegative_ssim(128 + noise, 128 - noise) == 0


def test_ssim_needs_a_whole_window() -> None:
    with pytest.raises(ValueError, match="11x11"):
        ssim(np.zeros((10, 40), np.uint8), np.zeros((10, 40), np.uint8))


@pytest.mark.parametrize("measure", [psnr, ssim, mean_squared_error])
def test_pictures_of_two_sizes_are_not_compared(measure) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="one size"):
        measure(np.zeros((20, 20), np.uint8), np.zeros((20, 1), np.uint8))


def test_luma_weighs_the_primaries() -> None:
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert luma(primaries).tolist() == [[76.245, 149.685, 29.07, 255.0]]
