"""Growth against its formula, tried at every pixel of the shape."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_pipeline.flatten.effects.growth import grow


def way(shape: np.ndarray) -> np.ndarray:
    """float64 [height, width, height, width], from every pixel to every other in steps of 1, root 2 and root 5."""
    ys, xs = np.mgrid[: shape.shape[0], : shape.shape[1]]
    down, across = np.abs(ys[..., None, None] - ys), np.abs(xs[..., None, None] - xs)
    long, short = np.maximum(down, across), np.minimum(down, across)
    flat = (long - 2 * short) + short * np.sqrt(5)
    steep = (long - short) * np.sqrt(5) + (2 * short - long) * np.sqrt(2)
    return np.where(long >= 2 * short, flat, steep)


def by_trying(shape: np.ndarray, radius_px: float) -> np.ndarray:
    reached = np.where(shape > 0, shape + radius_px - way(shape), 0)
    return np.clip(np.maximum(reached.max(axis=(2, 3)), shape), 0, 1)


@given(arrays(np.float32, (7, 9), elements=st.floats(0, 1, width=32)), st.floats(1, 5))
def test_every_pixel_is_as_the_formula_says(shape: np.ndarray, radius_px: float) -> None:
    assert np.abs(grow(shape, radius_px) - by_trying(shape, radius_px)).max() < 1e-5


def test_so_is_a_smooth_shape_grown_far() -> None:
    ys, xs = np.mgrid[:48, :56]
    disc = np.clip(6.5 - np.hypot(ys - 20.2, xs - 23.7), 0, 1).astype(np.float32)
    for radius_px in (2.5, 7.0, 20.0):
        assert np.abs(grow(disc, radius_px) - by_trying(disc, radius_px)).max() < 1e-5


def test_a_view_is_grown_as_its_copy() -> None:
    shape = np.zeros((9, 12), np.float32)
    shape[4, 5] = 0.7
    assert np.array_equal(grow(shape[::-1, ::-1], 3.0), grow(shape, 3.0)[::-1, ::-1])


def test_nothing_grows_from_nothing() -> None:
    assert not grow(np.zeros((5, 5), np.float32), 9.0).any()
