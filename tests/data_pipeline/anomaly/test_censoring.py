import numpy as np
import pytest
from scipy import ndimage

from data_pipeline.anomaly.censoring import (
    FACE_PX,
    MOSAIC_PERIODS_PX,
    MOST_BLUR,
    around,
    blur,
    blurred,
    contrast_of_edges,
    core,
    core_box,
    mosaic,
    mosaiced,
    plainness,
    regularity,
)
from data_pipeline.anomaly.faces import Face

SIDE = 115
FACE = Face((60.0, 60.0), 96.0, 1.0, np.array([(40, 50), (80, 50), (60, 65), (60, 80), (15, 55), (105, 55)], float))


def step(sigma_px: float) -> np.ndarray:
    """Edges far from each other, blurred."""
    picture = np.zeros((SIDE, SIDE))
    picture[:, 30:58] = picture[:, 86:] = 200
    return ndimage.gaussian_filter(picture, sigma_px).astype(np.float32)


def texture(seed: int) -> np.ndarray:
    """Patches of any shape, as a face has them, in grey levels."""
    rng = np.random.default_rng(seed)
    return (ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), 4) * 600 + 128).clip(0, 255).astype(np.float32)


@pytest.mark.parametrize("sigma", [0.01, 0.02, 0.03, 0.04, 0.05])
def test_the_blur_of_an_edge_is_measured(sigma: float):
    assert blur(step(sigma * FACE_PX)) == pytest.approx(sigma, rel=0.15, abs=0.006)


def test_blur_agrees_with_its_transcription():
    picture = texture(3)
    steepest = []
    for sigma in (1.5, 4.0):
        reach = int(4 * sigma + 0.5)
        x = np.arange(-reach, reach + 1)
        bell = np.exp(-(x**2) / (2 * sigma**2))
        bell /= bell.sum()
        slope = -x / sigma**2 * bell
        padded = np.pad(picture.astype(float), reach, mode="symmetric")
        along = [sum(b[j] * padded[:, j : j + SIDE] for j in range(len(x))) for b in (slope[::-1], bell)]
        dx, dy = (
            sum(b[j] * part[j : j + SIDE] for j in range(len(x)))
            for part, b in zip(along, (bell, slope[::-1]), strict=True)
        )
        steepest.append(np.percentile(np.hypot(dx, dy)[core(SIDE)], 95))
    ratio = (steepest[0] / steepest[1]) ** 2
    expected = np.sqrt(max(0, (4.0**2 - 1.5**2 * ratio) / (ratio - 1))) / FACE_PX
    assert blur(picture) == pytest.approx(expected, rel=1e-3)


def test_what_is_plain_is_no_blurred_face():
    assert blur(np.full((SIDE, SIDE), 90, np.float32)) == 0


def test_where_no_edge_is_left_the_blur_is_the_most():
    assert blur(step(60)) == MOST_BLUR


@pytest.mark.parametrize("block", [6, 8, 12, 19, 24])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_blocks_of_a_mosaic_are_measured(block: int, seed: int):
    picture = texture(seed)
    cells = np.add.outer(np.arange(SIDE) // block * 1000, np.arange(SIDE) // block)
    _, index = np.unique(cells, return_inverse=True)
    blocks = (np.bincount(index.ravel(), picture.ravel()) / np.bincount(index.ravel()))[index].reshape(SIDE, SIDE)
    assert mosaic(blocks.astype(np.float32)) == pytest.approx(block / FACE_PX, rel=0.12)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_no_mosaic_has_no_blocks(seed: int):
    assert mosaic(texture(seed)) == 0
    assert mosaic(np.full((SIDE, SIDE), 9, np.float32)) == 0


def test_gradients_on_a_lattice_are_regular_and_others_are_not():
    lattice = np.zeros(80, np.float32)
    lattice[3::12] = 7
    regular = regularity(lattice)
    assert regular[MOSAIC_PERIODS_PX == 12] == pytest.approx(1)
    assert regularity(np.ones(80, np.float32)).max() < 0.15


def patches(sigma: float) -> np.ndarray:
    """Patches a few pixels wide, blurred, in grey levels."""
    noise = np.random.default_rng(1).random((240, 240))
    sharp = np.kron(noise[::8, ::8], np.ones((8, 8))) * 250
    return ndimage.gaussian_filter(sharp, sigma)


MIDDLE = Face((120.0, 120.0), 96.0, 1.0, FACE.points)
DISTANCE = np.hypot(*(np.mgrid[:240, :240] - 119.5))


@pytest.mark.parametrize("sigma", [0.03, 0.05, 0.08])
def test_a_box_about_the_head_finds_the_blurred_face_in_it(sigma: float):
    picture = np.where(DISTANCE < 28, patches(sigma * FACE_PX), patches(0))
    assert blurred(np.rint(picture).astype(np.uint8), MIDDLE) == pytest.approx(sigma, rel=0.35)
    assert blur(around(np.rint(picture).astype(np.uint8), MIDDLE)) < 0.02
    assert blurred(np.rint(patches(0)).astype(np.uint8), MIDDLE) < 0.01


def test_a_box_about_the_head_finds_the_mosaiced_face_in_it():
    blocks = np.kron(np.random.default_rng(2).integers(60, 200, (20, 20)), np.ones((12, 12)))
    picture = np.where(DISTANCE < 34, blocks, patches(1) * 2 - 125).clip(0, 255).astype(np.uint8)
    assert mosaic(around(picture, MIDDLE)) == 0
    assert mosaiced(picture, MIDDLE) == pytest.approx(12 / 96, rel=0.12)
    assert mosaiced(np.rint(patches(2)).astype(np.uint8), MIDDLE) == 0


def test_what_is_blurred_stands_out_of_what_is_sharp():
    alike = np.rint(patches(4)).astype(np.uint8)
    assert contrast_of_edges(alike, MIDDLE) == pytest.approx(1, rel=0.4)
    assert contrast_of_edges(np.rint(np.where(DISTANCE < 55, patches(6), patches(0))).astype(np.uint8), MIDDLE) > 4
    assert contrast_of_edges(alike[100:140, 100:140], Face((20.0, 20.0), 96.0, 1.0, FACE.points)) == 0


def test_flat_art_is_plain_and_a_gradient_is_not():
    assert plainness(np.full((SIDE, SIDE), 255, np.float32)) == 1
    halves = np.full((SIDE, SIDE), 40, np.float32)
    halves[SIDE // 2 :] = 200
    assert plainness(halves) == pytest.approx(0.5, abs=0.02)
    slope = np.linspace(0, 255, SIDE, dtype=np.float32) * np.ones((SIDE, 1), np.float32)
    assert plainness(slope) < 0.1


def test_a_face_is_brought_to_one_width():
    assert around(np.zeros((400, 400), np.uint8), FACE).shape == (SIDE, SIDE)
    left, top, right, bottom = core_box(FACE, (62, 400))
    assert (right - left, left, bottom) == (48, 36, 62)
    assert 0 <= top < bottom
