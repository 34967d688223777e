"""Quality figures against numpy, on pictures whose figures are known and on random ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from data_pipeline.compose import compose
from data_pipeline.quality import quality
from schemas.stack import PlainLayer, Stack


def stack(*layers: tuple[tuple[int, int], np.ndarray, bool], size: tuple[int, int] = (8, 6)) -> Stack:
    parts = []
    for index, ((left, top), rgba, baked) in enumerate(layers):
        box = (left, top, left + rgba.shape[1], top + rgba.shape[0])
        parts.append(PlainLayer(box, np.ascontiguousarray(rgba), (index,), baked=baked))
    return Stack(size[0], size[1], tuple(parts))


def filled(width: int, height: int, rgba: tuple[int, int, int, int]) -> np.ndarray:
    return np.full((height, width, 4), rgba, np.uint8)


def test_a_grey_ground_with_a_red_layer() -> None:
    one = stack(((0, 0), filled(8, 6, (90, 90, 90, 255)), False), ((2, 1), filled(3, 4, (200, 0, 0, 255)), True))
    figures = quality(one, compose(one))
    assert figures.coverage == 1
    assert figures.single_layer_share == pytest.approx(1 - 12 / 48)
    assert figures.baked_share == pytest.approx(12 / 60)


def test_nothing_but_grey_has_no_colour_and_a_flat_picture_is_not_sharp() -> None:
    one = stack(((0, 0), filled(8, 6, (90, 90, 90, 128)), False))
    figures = quality(one, compose(one))
    assert figures.colourfulness == pytest.approx(0, abs=1e-4)
    assert figures.sharpness == pytest.approx(0, abs=1e-4)
    assert figures.coverage == pytest.approx(128 / 255)


@given(arrays(np.uint8, (6, 8, 4), elements=st.integers(0, 255)))
def test_the_formulas(rgba: np.ndarray) -> None:
    one = stack(((0, 0), rgba, False))
    figures = quality(one, rgba)
    alpha = rgba[..., 3:] / 255
    red, green, blue = np.moveaxis(rgba[..., :3] * alpha + 255 * (1 - alpha), 2, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert figures.colourfulness == pytest.approx(expected, abs=1e-2)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    assert figures.sharpness == pytest.approx(ndimage.convolve(luma, kernel, mode="nearest").var(), rel=1e-4, abs=1e-2)
    assert figures.coverage == pytest.approx(alpha.mean())
