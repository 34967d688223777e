"""Text mixed at Photoshop's gamma, against the formula in numpy and against Photoshop's own pictures."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_pipeline.curate import curate
from data_pipeline.drawing import Fill, Text, draw_bytes
from data_pipeline.flatten.backdrop import Backdrop, ClippingBackdrop
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.text import PHOTOSHOPS_GAMMA, bake_text
from schemas.sample import Sample

_PIXELS = arrays(np.uint8, (6, 5, 4))
_COLOURS = arrays(np.uint8, (6, 5, 3))


def direct(rgba: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The formula on an opaque backdrop, [0, 1]."""

    def light(value: np.ndarray) -> np.ndarray:
        return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)

    def value(light: np.ndarray) -> np.ndarray:
        return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)

    alpha = rgba[..., 3:] / 255
    own, under = (light(colour) ** (1 / PHOTOSHOPS_GAMMA) for colour in (rgba[..., :3] / 255, below))
    return value((alpha * own + (1 - alpha) * under) ** PHOTOSHOPS_GAMMA)


def baked(rgba: np.ndarray, below: np.ndarray, opacity: float = 1.0) -> Fragment:
    backdrop = Backdrop((0, 0, 5, 6))
    ground = np.dstack([np.rint(below * 255), np.full(below.shape[:2], 255)]).astype(np.uint8)
    backdrop.add([Fragment((0, 0, 5, 6), ground, np.full(below.shape[:2], opacity, np.float32), (1,))])
    fragment = Fragment((0, 0, 5, 6), rgba, (rgba[..., 3] / 255).astype(np.float32), (0,))
    return bake_text(fragment, PHOTOSHOPS_GAMMA, backdrop)


@given(_PIXELS, _COLOURS)
def test_gives_the_mixed_picture(rgba: np.ndarray, colours: np.ndarray) -> None:
    below = colours / 255
    layer = baked(rgba, below)
    alpha = layer.exact_alpha()[..., np.newaxis]
    picture = alpha * (layer.rgba[..., :3] / 255) + (1 - alpha) * below
    assert np.abs(picture - direct(rgba, below)).max() * 255 <= 0.53


@given(_PIXELS, _COLOURS)
def test_keeps_the_colour_of_solid_text_and_of_text_over_nothing(rgba: np.ndarray, colours: np.ndarray) -> None:
    solid = rgba.copy()
    solid[..., 3] = np.where(rgba[..., 3] > 127, 255, 0)
    for layer in (baked(solid, colours / 255), baked(rgba, colours / 255, opacity=0.0)):
        assert np.array_equal(layer.rgba[..., :3], rgba[..., :3])
    assert np.array_equal(baked(solid, colours / 255).exact_alpha(), solid[..., 3] / np.float32(255))


@given(_COLOURS, st.sampled_from([0, 255]))
def test_black_and_white_text_keeps_its_colour_on_its_edges(below: np.ndarray, tone: int) -> None:
    """Their edges become more or less opaque, and hold nothing of the backdrop."""
    rgba = np.full((6, 5, 4), (tone, tone, tone, 128), np.uint8)
    grey = np.repeat(below[..., :1], 3, axis=2)
    layer = baked(rgba, grey / 255)
    strong = layer.exact_alpha() > 0.2  # of less alpha, rounding it up to 1/255 tells in the colour
    assert np.abs(layer.rgba[strong][:, :3].astype(int) - tone).max(initial=0) <= 2


def test_text_mixed_plainly_is_taken_as_it_is() -> None:
    """psd-tools, which drew this picture, knows no gamma."""
    soft = np.full((20, 20, 4), (250, 250, 250, 128), np.uint8)
    sample = curate(io.BytesIO(draw_bytes(40, 40, [Fill(paint=(20, 40, 90)), Text(text="x", rgba=soft, left=9)])))
    assert isinstance(sample, Sample)
    assert sample.fidelity is not None
    assert sample.fidelity.within2 == 1
    assert not sample.layers[1].baked


@pytest.mark.parametrize(
    "name", ["c53c9ad2_style-leading-2", "80dcbcde_style-ligatures", "f6641eb2_text-warp-arc-h+50"]
)
def test_text_is_mixed_as_photoshop_does(real_psds: Path, name: str) -> None:
    sample = curate(real_psds / "features" / "psd2svg" / f"{name}.psd")
    assert isinstance(sample, Sample)
    assert sample.fidelity is not None
    assert sample.fidelity.within2 > 0.999
    assert sample.fidelity.mean < 0.05
    assert [row.baked for row in sample.layers if row.kind == "type"] == [True]


@pytest.mark.parametrize("seed", range(6))
def test_points_see_what_is_painted(seed: int) -> None:
    """Through a fork over another backdrop, too, and over the base of a clipping group."""
    rng = np.random.default_rng(seed)

    def fragments(count: int) -> list[Fragment]:
        made = []
        for _ in range(count):
            left, top = rng.integers(0, 20, 2)
            rgba = rng.integers(0, 256, (12, 14, 4), dtype=np.uint8)
            alpha = rng.choice([0, 0.3, 1], (12, 14)).astype(np.float32) if rng.random() < 0.5 else None
            made.append(Fragment((left, top, left + 14, top + 12), rgba, alpha, (0,)))
        return made

    below = Backdrop((0, 0, 34, 32))
    below.add(fragments(4))
    fork = Backdrop((0, 0, 34, 32), below)
    clipping = ClippingBackdrop(fragments(3))
    for backdrop in (below, fork, clipping):
        backdrop.add(fragments(3))
        left, top, right, bottom = backdrop.box
        ys, xs = np.mgrid[top:bottom, left:right].reshape(2, -1)
        picture = backdrop.picture(backdrop.box).reshape(-1, 4)
        np.testing.assert_allclose(backdrop.at(xs, ys), picture, atol=1e-5)
