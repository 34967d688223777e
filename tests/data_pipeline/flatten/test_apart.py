"""Clipped layers that do not blend as a group with their base, against the blending written out in float64."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode, Tag

from data_pipeline.colour import colour_space
from data_pipeline.compose import compose
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import ColourOverlay, DropShadow, Invert, Pixels, Stroke
from data_pipeline.flatten import flatten
from schemas.options import CurateOptions
from tests.data_pipeline.flatten.test_walk import disc, flattened, ground, hard

_APART = ((Tag.BLEND_CLIPPING_ELEMENTS, False),)
_INTERIOR_TOO = (*_APART, (Tag.BLEND_INTERIOR_ELEMENTS, True))
_BASE = Pixels(name="Base", rgba=disc((200, 120, 40)), left=6, top=8, switches=_APART)
_TOP = Pixels(name="Top", rgba=disc((60, 180, 220), alpha=190), left=14, top=12, clipping=True)
_FORMULAS: Mapping[BlendMode, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    BlendMode.NORMAL: lambda _, s: s,
    BlendMode.MULTIPLY: lambda b, s: b * s,
    BlendMode.SCREEN: lambda b, s: b + s - b * s,
    BlendMode.DIFFERENCE: lambda b, s: np.abs(b - s),
}


def _picture(*layers: Pixels | Invert) -> np.ndarray:
    return np.asarray(compose(flattened([ground(), *layers])[0].stack)[..., :3]) / 255


def _blended(picture: np.ndarray, layer: Pixels, strength: float) -> np.ndarray:
    """The layer over an opaque picture."""
    assert layer.rgba is not None
    colour, alpha = _placed(layer)
    mixed = _FORMULAS[layer.blend_mode](picture, colour)
    return picture + alpha * strength * (mixed - picture)


def _placed(layer: Pixels) -> tuple[np.ndarray, np.ndarray]:
    assert layer.rgba is not None
    whole = np.zeros((48, 48, 4))
    height, width = layer.rgba.shape[:2]
    whole[layer.top : layer.top + height, layer.left : layer.left + width] = layer.rgba / 255
    return whole[..., :3], whole[..., 3:]


@pytest.mark.parametrize("mode", _FORMULAS, ids=lambda mode: mode.name)
@pytest.mark.parametrize("top_mode", _FORMULAS, ids=lambda mode: mode.name)
@pytest.mark.parametrize(("opacity", "fill"), [(255, 255), (150, 255), (255, 90), (150, 90)])
def test_each_blends_with_what_lies_below_within_the_bases_shape(
    mode: BlendMode, top_mode: BlendMode, opacity: int, fill: int
) -> None:
    base = replace(_BASE, blend_mode=mode, opacity=opacity, fill=fill)
    top = replace(_TOP, blend_mode=top_mode, opacity=200)
    below = _picture()
    _, shape = _placed(base)
    full = replace(base, rgba=np.where(np.arange(4) == 3, np.uint8(255), np.uint8(base.rgba)))
    painted = _blended(_blended(below, full, fill / 255), top, 200 / 255)
    expected = below + shape * (opacity / 255) * (painted - below)
    assert np.abs(_picture(base, top) - expected).max() <= 2 / 255


def test_normal_layers_look_as_they_would_as_a_group() -> None:
    apart, together = _picture(_BASE, _TOP), _picture(replace(_BASE, switches=()), _TOP)
    assert np.abs(apart - together).max() <= 1 / 255


def test_a_multiplied_base_does_not_multiply_what_is_clipped() -> None:
    base, top = replace(_BASE, blend_mode=BlendMode.MULTIPLY), replace(_TOP, rgba=hard((60, 180, 220)))
    assert np.abs(_picture(base, top)[26, 24] * 255 - (60, 180, 220)).max() <= 1
    together = _picture(replace(base, switches=()), top)[26, 24]
    assert np.abs(together - _picture()[26, 24] * np.array([60, 180, 220]) / 255).max() <= 1 / 255


def test_an_overlay_lies_over_what_is_clipped_unless_it_blends_with_the_base() -> None:
    base = replace(_BASE, rgba=hard((200, 120, 40)), effects=(ColourOverlay((9, 200, 90)),))
    top = replace(_TOP, rgba=hard((60, 180, 220)))
    assert np.abs(_picture(base, top)[26, 24] * 255 - (9, 200, 90)).max() <= 1
    within = _picture(replace(base, switches=_INTERIOR_TOO), top)
    assert np.abs(within[26, 24] * 255 - (60, 180, 220)).max() <= 1
    assert np.abs(within[20, 10] * 255 - (9, 200, 90)).max() <= 1


def test_other_effects_are_as_of_a_group() -> None:
    styled = replace(_BASE, effects=(Stroke(3, (250, 9, 9)), DropShadow((9, 9, 9), distance=6.0, size=3.0)))
    apart, together = _picture(styled, _TOP), _picture(replace(styled, switches=()), _TOP)
    assert np.abs(apart - together).max() <= 1 / 255


def test_a_clipped_adjustment_changes_what_shows_through_the_base() -> None:
    base = replace(_BASE, rgba=hard((200, 120, 40)), fill=128)
    below, share = _picture(), 128 / 255
    painted = 1 - (below + share * (np.array([200, 120, 40]) / 255 - below))
    assert np.abs(_picture(base, Invert(clipping=True))[20, 20] - painted[20, 20]).max() <= 1.5 / 255


def test_what_is_clipped_to_a_base_off_the_canvas_is_nowhere() -> None:
    away = replace(_BASE, left=60, effects=(Stroke(20, (250, 9, 9)),))
    flat, _ = flattened([ground(), away, replace(_TOP, left=50)])
    assert [layer.layer_ids for layer in flat.stack.layers] == [(0,), (2,)]


@pytest.mark.parametrize("option", [{"blend_mode": BlendMode.SCREEN}, {"opacity": 99}, {"fill": 99}, {"knockout": 1}])
def test_what_photoshop_has_not_shown_is_named(option: dict) -> None:
    assert flattened([ground(), _BASE, _TOP])[0].unsupported == ()
    named = flattened([ground(), replace(_BASE, **option), _TOP])[0].unsupported
    assert "blend_clipped_layers_apart" in named
    assert flattened([ground(), replace(_BASE, **option)])[0].unsupported == ()


def test_photoshops_own_thumbnail(real_psds: Path) -> None:
    """Four clipping groups, with both switches on and off; all four are as far off as JPEG makes the first."""
    path = real_psds / "features/psd-tools/3bf2015e_blend-and-clipping.psd"
    document = open_document(path, CurateOptions())
    assert isinstance(document, Document)
    flat = flatten(document, colour_space(document))
    assert flat.unsupported == ()
    thumbnail = np.asarray(PSDImage.open(path).thumbnail().convert("RGB"), np.int16)
    small = Image.fromarray(compose(flat.stack)[..., :3]).resize((160, 160), Image.Resampling.BOX)
    error = np.abs(np.asarray(small, np.int16) - thumbnail).mean(axis=2)
    assert [error[y : y + 80, x : x + 80].mean() < 2.5 for y in (0, 80) for x in (0, 80)] == [True] * 4


@pytest.mark.parametrize("mode", [BlendMode.HUE, BlendMode.SATURATION, BlendMode.COLOR], ids=lambda mode: mode.name)
def test_a_soft_black_edge_leaves_no_backdrop_below_black(mode: BlendMode) -> None:
    """Rounding makes alphas of 1.0000002 of it, and of white under them less than 0."""
    soft, grey = np.zeros((16, 16, 4), np.uint8), np.full((16, 16, 4), 120, np.uint8)
    soft[..., 3], grey[..., 3] = np.arange(256).reshape(16, 16), 255
    base, top = Pixels(rgba=soft, switches=_APART), Pixels(rgba=grey, clipping=True, blend_mode=mode)
    flat, _ = flattened([Pixels(rgba=np.full((48, 48, 4), 255, np.uint8)), base, top])
    shown = compose(flat.stack)[:16, :16, 0]
    wanted = 255 * (1 - (soft[..., 3] / 255.0))  # of black and white a grey's hue and saturation leave what they are
    assert np.abs(shown - wanted).max() <= 1.5
