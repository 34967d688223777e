"""Growth against its formula, tried at every pixel of the shape, and Photoshop's own strokes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_pipeline.curate import curate
from data_pipeline.flatten.effects.growth import grow
from schemas.sample import Sample


def steps(down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The shortest way by steps to a neighbour, to a corner, and as a knight goes."""
    long, short = np.maximum(abs(down), abs(right)), np.minimum(abs(down), abs(right))
    flat = short * np.sqrt(5) + long - 2 * short
    steep = (long - short) * np.sqrt(5) + (2 * short - long) * np.sqrt(2)
    return np.where(long >= 2 * short, flat, steep)


def by_trying(shape: np.ndarray, radius_px: float) -> np.ndarray:
    ys, xs = np.mgrid[: shape.shape[0], : shape.shape[1]]
    apart = steps(ys[..., None, None] - ys, xs[..., None, None] - xs)
    reached = np.where(shape > 0, shape + radius_px - apart, 0)
    return np.clip(np.maximum(reached.max(axis=(2, 3)), shape), 0, 1)


@given(arrays(np.float32, (7, 9), elements=st.floats(0, 1, width=32)), st.floats(0.5, 9))
def test_every_pixel_is_what_the_formula_says(shape: np.ndarray, radius_px: float) -> None:
    assert np.abs(grow(shape, radius_px) - by_trying(shape, radius_px)).max() < 1e-5


@pytest.mark.parametrize("radius_px", [2.5, 20.0])
def test_long_ways_are_the_shortest(radius_px: float) -> None:
    ys, xs = np.mgrid[:64, :72]
    disc = np.clip(12.5 - np.hypot(ys - 30.2, xs - 33.7), 0, 1).astype(np.float32)
    bar = np.clip(4.5 - np.abs(0.6 * (xs - 20) + 0.8 * (ys - 30)), 0, 1).astype(np.float32)
    shape = np.maximum(disc, bar * (xs < 40))
    assert np.abs(grow(shape, radius_px) - by_trying(shape, radius_px)).max() < 1e-4


def test_nothing_grows_from_nothing() -> None:
    assert not grow(np.zeros((5, 5), np.float32), 9.0).any()


@pytest.mark.parametrize(
    "name", ["psd2svg/fc8536d8_drop-shadow-4", "psd2svg/ba762308_outer-glow-2", "ag-psd/5bc7e774_src"]
)
def test_photoshops_strokes_of_1_to_18_px_are_met_at_every_pixel(name: str, real_psds: Path) -> None:
    sample = curate(real_psds / "features" / f"{name}.psd")
    assert isinstance(sample, Sample)
    assert sample.fidelity is not None
    assert sample.fidelity.within2 == 1
