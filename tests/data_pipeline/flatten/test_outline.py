"""A vector stroke over what is clipped to its shape: the weights written out, and Photoshop's own pictures."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_pipeline.flatten.backdrop import merged
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.outline import Outline, parted
from data_pipeline.flatten.weights import clip, scale
from tests.data_pipeline.flatten.test_feather import distance_of

_BOX = (2, 3, 7, 7)
_PLANES = arrays(np.float32, (4, 5), elements=st.floats(0, 1, width=32))


def of_colour(colour: np.ndarray, alpha: np.ndarray, layer_id: int) -> Fragment:
    rgba = np.full((*alpha.shape, 4), 255, np.uint8)
    rgba[..., :3] = colour
    return Fragment(_BOX, rgba, alpha, (layer_id,))


@given(_PLANES, _PLANES)
def test_a_stroke_lies_above_what_is_clipped_to_its_shape(clipped: np.ndarray, stroke: np.ndarray) -> None:
    fill, top, line = np.array([200.0, 40, 9]), np.array([9.0, 60, 250]), np.array([30.0, 220, 90])
    a, s = clipped[..., None], stroke[..., None]
    raster = of_colour(np.rint(fill * (1 - s) + line * s), np.ones((4, 5), np.float32), 0)
    outline = Outline(_BOX, stroke, np.broadcast_to(line.astype(np.uint8), (4, 5, 3)))
    above = [of_colour(top, clipped, 1)]
    layers = clip(parted([raster], outline, above), scale(above, outline.beside), [raster])
    expected = (fill * (1 - a) + top * a) * (1 - s) + line * s
    assert np.abs(merged(layers).rgba[..., :3] - expected).max() < 1.51  # three roundings


@pytest.mark.parametrize(
    ("part", "mean"),
    [
        ("psd2svg/3bf94eea_shape-with-clip-stroke.psd", 0.02),
        ("psd2svg/230a06ca_shape-with-clip-stroke-effect.psd", 0.02),
        ("psd-tools/f9a513b4_*.psd", 0.01),
    ],
)
def test_photoshops_own_strokes_over_clipped_layers(real_psds: Path, part: str, mean: float) -> None:
    figures, unsupported = distance_of(real_psds, part)
    assert unsupported == ()
    assert figures.mean < mean
    assert figures.within2 > 0.999


def test_a_clipped_group_of_another_program(real_psds: Path) -> None:
    figures, _ = distance_of(real_psds, "psd-tools/b8e346ee_group-clipping.psd")
    assert figures.within2 == 1
