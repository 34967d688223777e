"""The band of a stroke against a plain transcription, and Photoshop's own strokes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_pipeline.flatten.effects.stroke import _band
from tests.data_pipeline.flatten.test_feather import distance_of

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


@pytest.mark.parametrize("part", ["d4db7556_shape-fx2", "fdaeb7ec_stroke-1-raster-color", "f9a513b4_stroke-composite"])
def test_photoshops_own_strokes(real_psds: Path, part: str) -> None:
    figures, unsupported = distance_of(real_psds, f"*/{part}.psd")
    assert unsupported == ()
    assert figures.within2 == 1
