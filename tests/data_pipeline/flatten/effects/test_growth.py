"""Growth against its formula, tried at every pixel of the shape."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_pipeline.flatten.effects.growth import grow


def by_trying(shape: np.ndarray, radius_px: float) -> np.ndarray:
    ys, xs = np.mgrid[: shape.shape[0], : shape.shape[1]]
    apart = np.hypot(ys[..., None, None] - ys, xs[..., None, None] - xs)
    reached = np.where(shape > 0, shape + radius_px - apart, 0)
    return np.clip(np.maximum(reached.max(axis=(2, 3)), shape), 0, 1)


@given(arrays(np.float32, (7, 9), elements=st.floats(0, 1, width=32)), st.floats(1, 5))
def test_no_pixel_is_more_than_the_formula_says(shape: np.ndarray, radius_px: float) -> None:
    grown = grow(shape, radius_px)
    assert (grown <= by_trying(shape, radius_px) + 1e-5).all()
    assert (grown >= shape - 1e-6).all()


@pytest.mark.parametrize("radius_px", [1.0, 2.5, 7.0, 20.0])
def test_smooth_shapes_are_grown_as_the_formula_says(radius_px: float) -> None:
    ys, xs = np.mgrid[:64, :72]
    disc = np.clip(12.5 - np.hypot(ys - 30.2, xs - 33.7), 0, 1).astype(np.float32)
    bar = np.clip(4.5 - np.abs(0.6 * (xs - 20) + 0.8 * (ys - 30)), 0, 1).astype(np.float32)
    for shape in (disc, np.maximum(disc, bar * (xs < 40))):
        off = np.abs(grow(shape, radius_px) - by_trying(shape, radius_px))
        assert off.mean() * 255 < 0.02
        assert (off * 255 > 1).mean() < 0.005


def test_nothing_grows_from_nothing() -> None:
    assert not grow(np.zeros((5, 5), np.float32), 9.0).any()
