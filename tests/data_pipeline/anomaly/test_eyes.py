"""Bars and mosaics over the eyes alone."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from data_pipeline.anomaly.eyes import barred, pixelated
from data_pipeline.anomaly.faces import Face

FACE = Face((60.0, 60.0), 96.0, 1.0, np.array([(40, 50), (80, 50), (60, 65), (60, 80), (15, 55), (105, 55)], float))
GRAIN = np.random.default_rng(0).normal(150, 20, (120, 120)).clip(0, 255).astype(np.uint8)


def with_bar(tilt: float, height: int = 20, below_px: int = 0) -> np.ndarray:
    """Grain under a bar whose middle is so far below the eyes, turned against the clock by so many degrees."""
    angle = np.deg2rad(tilt)
    along, up = np.array((np.cos(angle), -np.sin(angle))), np.array((np.sin(angle), np.cos(angle)))
    middle = np.array((60, 50)) + below_px * up
    corners = [middle + x * along + y * height / 2 * up for x, y in ((-50, -1), (50, -1), (50, 1), (-50, 1))]
    picture = Image.fromarray(GRAIN)
    ImageDraw.Draw(picture).polygon([(float(x), float(y)) for x, y in corners], fill=10)
    return np.asarray(picture)


def test_where_nothing_hides_the_eyes_nothing_is_found() -> None:
    assert barred(GRAIN, FACE) is None
    assert pixelated(GRAIN, FACE) is None
    assert pixelated(np.full((120, 120), 90, np.uint8), FACE) is None


@pytest.mark.parametrize("tilt", [-30, -18, -4, 0, 11, 25])
@pytest.mark.parametrize("below_px", [-6, 0, 6])
def test_a_bar_is_measured_and_its_box_lies_within_it(tilt: float, below_px: int) -> None:
    picture = with_bar(tilt, below_px=below_px)
    bar = barred(picture, FACE)
    assert bar is not None
    assert bar.size == pytest.approx(20 / 96, abs=6 / 96)
    left, top, right, bottom = bar.box
    assert (picture[top:bottom, left:right] == 10).all()
    assert right - left > 5 < bottom - top


def test_dark_glasses_are_no_bar() -> None:
    picture = GRAIN.copy()
    picture[40:60, 25:56] = 10
    picture[40:60, 64:95] = 10
    picture[40:45, 25:95] = 10
    assert barred(picture, FACE) is None


@pytest.mark.parametrize("block", [6, 8, 11])
def test_a_mosaic_over_the_eyes_alone_is_measured(block: int) -> None:
    picture = GRAIN.copy()
    cells = np.random.default_rng(1).integers(40, 220, (40 // block + 1, 100 // block + 1))
    picture[30:70, 10:110] = np.kron(cells, np.ones((block, block)))[:40, :100]
    eyes = pixelated(picture, FACE)
    assert eyes is not None
    assert eyes.size == pytest.approx(block / 96, rel=0.12)
    left, top, right, bottom = eyes.box
    assert 10 <= left < right <= 110
    assert 30 <= top < bottom <= 70
