"""Bevel, satin and contours: formulas written out, and Photoshop's own pictures."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from psd_tools import PSDImage
from psd_tools.constants import BlendMode, ColorMode
from psd_tools.psd.descriptor import Descriptor, Double, Enumerated, List

from data_pipeline.colour import ColourSpace
from data_pipeline.compose import compose
from data_pipeline.curate import curate
from data_pipeline.drawing import Bevel, Pixels, Stroke
from data_pipeline.flatten.effects.bevel import _lit, draw_bevel_beside, draw_bevel_within
from data_pipeline.flatten.effects.contour import contoured
from data_pipeline.flatten.effects.effect import Effect
from data_pipeline.flatten.effects.satin import draw_satin
from data_pipeline.flatten.fragment import Fragment
from schemas.options import CurateOptions
from schemas.reasons import DropReason
from tests.data_pipeline.flatten.test_walk import flattened, ground

_RGB = ColourSpace(ColorMode.RGB, None, None, damaged_profile=False)
_BOX = (20, 20, 60, 60)


def colour(red: float, green: float, blue: float) -> Descriptor:
    items = [(b"Rd  ", Double(red)), (b"Grn ", Double(green)), (b"Bl  ", Double(blue))]
    return Descriptor(classID=b"RGBC", items=items)


def square() -> list[Fragment]:
    return [Fragment(_BOX, np.full((40, 40, 4), 255, np.uint8), None, (0,))]


def layer() -> Any:
    return SimpleNamespace(_psd=PSDImage.new("RGB", (80, 80)))


def bevel(style: bytes = b"InrB", technique: bytes = b"SfBL", direction: bytes = b"In  ", **given: float) -> Effect:
    enums = {b"bvlS": (b"BESl", style), b"bvlT": (b"bvlT", technique), b"bvlD": (b"BESs", direction)}
    items: list[tuple[bytes, Any]] = [(key, Enumerated(*value)) for key, value in enums.items()]
    items += [(b"hglC", colour(255, 255, 255)), (b"sdwC", colour(0, 0, 0))]
    numbers = {"size": 6.0, "soften": 0.0, "depth": 100.0, "angle": 90.0, "altitude": 30.0} | given
    drawing = SimpleNamespace(
        **{"highlight_opacity": 100.0, "shadow_opacity": 50.0} | numbers,
        use_global_light=False,
        use_shape=False,
        use_texture=False,
        descriptor=Descriptor(classID=b"ebbl", items=items),
        highlight_mode=BlendMode.SCREEN,
        shadow_mode=BlendMode.MULTIPLY,
    )
    return Effect("bevel_emboss", drawing, BlendMode.NORMAL, 1.0)  # type: ignore[arg-type]


def test_a_surface_is_lit_as_the_formula_says() -> None:
    surface = np.random.default_rng(0).random((9, 11), np.float32)
    light = (0.3, -0.5, 0.7)
    out = np.zeros_like(surface)
    _lit(surface, 4.0, light, out)
    for y in range(1, 8):
        for x in range(1, 10):
            around = surface[y - 1 : y + 2, x - 1 : x + 2].astype(float)
            across = 4.0 * (around[:, 2].mean() - around[:, 0].mean()) / 2
            down = 4.0 * (around[2].mean() - around[0].mean()) / 2
            normal = np.array([-across, -down, 1]) / math.sqrt(across**2 + down**2 + 1)
            assert out[y, x] == pytest.approx(normal @ light, abs=1e-5)


def test_an_edge_that_faces_the_light_is_light_and_the_plane_is_left_alone() -> None:
    overlays = draw_bevel_within(bevel(), layer(), square(), _BOX, _RGB)
    assert overlays is not None
    light, shadow = overlays
    assert (light.blend_mode, shadow.blend_mode) == (BlendMode.SCREEN, BlendMode.MULTIPLY)
    assert light.share[1, 20] > 0.2
    assert shadow.share[1, 20] == 0
    assert shadow.share[38, 20] > 0.2
    assert shadow.share.max() <= 0.5
    assert max(light.share[20, 20], shadow.share[20, 20]) < 1e-6


def test_down_is_up_with_the_light_from_the_other_side() -> None:
    sunk = draw_bevel_within(bevel(direction=b"Out "), layer(), square(), _BOX, _RGB)
    turned = draw_bevel_within(bevel(angle=-90.0), layer(), square(), _BOX, _RGB)
    assert sunk is not None
    assert turned is not None
    for one, other in zip(sunk, turned, strict=True):
        assert np.abs(one.share - other.share).max() < 1e-5


@pytest.mark.parametrize("technique", [b"SfBL", b"PrBL", b"Slmt"])
@pytest.mark.parametrize(
    ("style", "within", "beside"),
    [(b"InrB", 2, 0), (b"OtrB", 0, 2), (b"Embs", 2, 2), (b"PlEb", 2, 2), (b"strokeEmboss", 0, 0)],
)
def test_each_style_paints_its_side_of_the_edge(technique: bytes, style: bytes, within: int, beside: int) -> None:
    effect = bevel(style, technique)
    inner = draw_bevel_within(effect, layer(), square(), _BOX, _RGB)
    outer = draw_bevel_beside(effect, layer(), square(), (-99, -99, 199, 199), _RGB)
    assert inner is not None
    assert outer is not None
    assert (len(inner), len(outer)) == (within, beside)
    assert all(overlay.share.max() > 0.05 for overlay in inner)
    assert all(cast.coverage.max() > 0.05 for cast in outer)


@pytest.mark.parametrize(
    "effect",
    [
        *(bevel(b"none"), bevel(size=1e9), bevel(soften=-1), bevel(technique=b"none")),
        *(bevel(depth=math.nan), bevel(depth=1e300), bevel(highlight_opacity=math.nan), bevel(shadow_opacity=300.0)),
    ],
)
def test_what_cannot_be_read_is_none(effect: Effect) -> None:
    assert draw_bevel_within(effect, layer(), square(), _BOX, _RGB) is None


def stroked(position: str = "outside") -> Pixels:
    """A square of 20 px with a stroke of 8, along which a bevel runs."""
    effects = (Bevel(8.0, "stroke"), Stroke(8, (128, 128, 128), position))
    return Pixels(rgba=np.full((20, 20, 4), (9, 99, 9, 255), np.uint8), left=14, top=14, effects=effects)


@pytest.mark.parametrize(("position", "outer", "inner"), [("outside", 6, 14), ("inside", 14, 22), ("centre", 10, 18)])
def test_a_stroke_emboss_lights_the_outer_edge_of_a_stroke_and_shades_the_inner(
    position: str, outer: int, inner: int
) -> None:
    layer = stroked(position)
    flat, _ = flattened([ground(), layer])
    plain, _ = flattened([ground(), replace(layer, effects=layer.effects[1:])])
    assert flat.unsupported == ("bevel_style",)
    assert len(flat.stack.layers) == 4
    lit, unlit = (compose(one.stack)[:, 24, 0].astype(int) for one in (flat, plain))
    assert lit[outer] > 128 + 20
    assert lit[inner - 1] < 128 - 20
    changed = np.flatnonzero(lit != unlit)
    assert set(changed) <= {*range(outer, inner), *range(48 - inner, 48 - outer)}


def test_a_stroke_emboss_without_a_stroke_paints_nothing() -> None:
    flat, _ = flattened([ground(), replace(stroked(), effects=(Bevel(8.0, "stroke"),))])
    assert [node.dropped for node in flat.nodes] == [None, None, DropReason.EMPTY]


def test_satin_shades_where_two_copies_of_the_shape_differ() -> None:
    given = {"size": 5.0, "distance": 6.0, "angle": 0.0, "inverted": False}
    drawing = SimpleNamespace(**given, descriptor=Descriptor(classID=b"ChFX", items=[(b"Clr ", colour(9, 9, 9))]))
    effect = Effect("satin", drawing, BlendMode.MULTIPLY, 0.5)  # type: ignore[arg-type]
    overlay = draw_satin(effect, layer(), square(), _BOX, _RGB)
    assert overlay is not None
    assert overlay.share[20, 20] < 1e-6
    assert overlay.share[20, 1] == pytest.approx(0.5, abs=0.01)
    drawing.inverted = True
    inverted = draw_satin(effect, layer(), square(), _BOX, _RGB)
    assert inverted is not None
    assert np.abs(overlay.share + inverted.share - 0.5).max() < 1e-6


def test_a_contour_goes_straight_from_point_to_point() -> None:
    points = [(0.0, 0.0), (64.0, 255.0), (255.0, 0.0)]
    curve = [Descriptor(classID=b"CrPt", items=[(b"Hrzn", Double(x)), (b"Vrtc", Double(y))]) for x, y in points]
    contour = Descriptor(classID=b"ShpC", items=[(b"Crv ", List(items=curve))])
    drawn = contoured(np.array([0, 32 / 255, 64 / 255, 1], np.float32), contour)
    assert drawn.tolist() == pytest.approx([0, 0.5, 1, 0], abs=1e-6)
    assert contoured(drawn, None) is drawn


def test_photoshops_smooth_inner_bevel_is_met(real_psds: Path) -> None:
    """100 px in linear dodge and linear burn; what is left are soft edges of strokes."""
    result = curate(
        real_psds / "features/psd-tools/4179ed66_layer_comps.psd", CurateOptions(max_mean=255, min_within2=0)
    )
    assert result.document.fidelity_mean is not None
    assert result.document.fidelity_mean < 0.25
