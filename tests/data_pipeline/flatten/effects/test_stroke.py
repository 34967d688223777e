"""The band of a stroke against a plain transcription, and Photoshop's own strokes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_pipeline.compose import compose
from data_pipeline.drawing import Gradient, GradientOverlay, Pixels, Stroke
from data_pipeline.flatten.effects.stroke import _band
from tests.data_pipeline.flatten.test_feather import distance_of
from tests.data_pipeline.flatten.test_walk import flattened, ground

_PLANES = arrays(np.float32, (4, 5), elements=st.floats(0, 1, width=32))


@given(_PLANES, _PLANES, _PLANES, _PLANES)
def test_a_band_lies_within_what_is_covered_and_beside_it(
    traced: np.ndarray, outer: np.ndarray, inner: np.ndarray, covered: np.ndarray
) -> None:
    within, beside = np.empty_like(traced), np.empty_like(traced)
    _band(traced, outer, inner, covered, within, beside)
    depth = np.clip(inner - (1 - traced), 0, 1)
    overlap = np.minimum(depth, covered)
    share = np.divide(overlap, covered, out=np.zeros_like(overlap), where=covered > 0)
    band = np.clip(outer - traced, 0, 1) + depth
    assert np.abs(within - share).max() < 1e-6
    assert np.abs(beside - np.clip(np.minimum(band - overlap, 1 - covered), 0, 1)).max() < 1e-6


def test_a_centred_stroke_lies_over_the_soft_edge_of_its_layer() -> None:
    rgba = np.full((12, 12, 4), 255, np.uint8)
    rgba[..., :3] = (0, 200, 0)
    rgba[:, :1, 3] = 102  # 0.4, of which a pixel's half on either side of the edge is within 0.9
    layer = Pixels(rgba=rgba, left=18, top=18, effects=(Stroke(1, (200, 0, 0), "centre"),))
    shown = compose(flattened([Pixels(rgba=np.zeros((48, 48, 4), np.uint8)), layer])[0].stack)[24, 18]
    total = 1 - 0.6 * 0.1
    assert np.abs(shown - np.array([200 * 0.9 / total, 200 * 0.04 / total, 0, 255 * total])).max() <= 1


@pytest.mark.parametrize(
    "part",
    ["ba762308_outer-glow-2", "d4db7556_shape-fx2", "fdaeb7ec_stroke-1-raster-color", "f9a513b4_stroke-composite"],
)
def test_photoshops_own_strokes(real_psds: Path, part: str) -> None:
    figures, unsupported = distance_of(real_psds, f"*/{part}.psd")
    assert unsupported == ()
    assert figures.within2 == 1


@pytest.mark.parametrize(("position", "outermost"), [("outside", 10), ("centre", 14), ("inside", 18)])
def test_a_shape_burst_runs_from_the_outer_edge_inwards_and_is_named(position: str, outermost: int) -> None:
    ramp = Gradient(((0.0, (0, 0, 0), 1.0), (1.0, (240, 160, 80), 1.0)), style="shape burst", smoothness=0)
    rgba = np.full((12, 12, 4), 255, np.uint8)
    flat, _ = flattened([ground(), Pixels(rgba=rgba, left=18, top=18, effects=(Stroke(8, ramp, position),))])
    steps = (np.arange(6) + 0.5) / 8
    across = compose(flat.stack)[24, outermost : outermost + 6, :3]
    assert np.abs(across - steps[:, np.newaxis] * (240, 160, 80)).max() <= 1
    assert flat.unsupported == ("shape_burst",)


def test_a_shape_burst_of_what_is_no_stroke_is_not_drawn() -> None:
    ramp = Gradient(((0.0, (0, 0, 0), 1.0), (1.0, (240, 160, 80), 1.0)), style="shape burst")
    flat, _ = flattened([ground(), Pixels(rgba=np.full((9, 9, 4), 255, np.uint8), effects=(GradientOverlay(ramp),))])
    assert flat.unsupported == ("effect:gradient_overlay", "shape_burst")
