"""The surface of a bevel: slopes, contours and textures, each against the rule written out."""

import io

import numpy as np
import pytest
from psd_tools.api.effects import BevelEmboss
from psd_tools.api.layers import Layer
from psd_tools.constants import ColorMode

from data_pipeline.colour import ColourSpace
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Bevel, Pixels, Tile, draw_bytes
from data_pipeline.flatten.effects.contour import contoured
from data_pipeline.flatten.effects.effect import effects_of
from data_pipeline.flatten.effects.surface import draw_surface
from data_pipeline.flatten.unsupported import unsupported_features
from data_pipeline.tagged_blocks import UNREADABLE
from schemas.options import CurateOptions

_RGB = ColourSpace(ColorMode.RGB, None, None, damaged_profile=False)
_BOX = (0, 0, 40, 40)
_TILE = Tile(np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8))
_HILL = (((0.0, 0.0), (100.0, 255.0), (255.0, 30.0)), 0.6)


def square() -> np.ndarray:
    shape = np.zeros((40, 40), np.float32)
    shape[10:30, 10:30] = 1
    return shape


def opened(bevel: Bevel) -> tuple[BevelEmboss, Layer]:
    """A bevel as it is read from a file, of a layer that begins at (10, 10)."""
    pixels = Pixels(rgba=np.full((20, 20, 4), 255, np.uint8), left=10, top=10, effects=(bevel,))
    document = open_document(io.BytesIO(draw_bytes(40, 40, [pixels])), CurateOptions())
    assert isinstance(document, Document)
    layer = document.psd[0]
    (effect,) = effects_of(layer)
    assert isinstance(effect.drawing, BevelEmboss)
    return effect.drawing, layer


def surface(bevel: Bevel) -> tuple[np.ndarray, float]:
    return draw_surface(*opened(bevel), square(), _BOX, _RGB)


@pytest.mark.parametrize(
    ("style", "first", "last"), [("inner", 10, 15), ("outer", 4, 9), ("emboss", 7, 12), ("stroke", 10, 12)]
)
def test_a_chiselled_slope_rises_a_pixel_in_a_pixel(style: str, first: int, last: int) -> None:
    sloped, height_px = surface(Bevel(6.0, style, "hard"))
    profile = sloped[20, :20] * height_px
    rise = np.arange(20) + 0.5 - first
    assert np.abs(profile - np.clip(rise, 0, last + 1 - first)).max() < 1e-5


def test_a_contour_is_the_profile_of_the_slope_within_its_range() -> None:
    plain, height_px = surface(Bevel(8.0, technique="hard"))
    shaped, same_px = surface(Bevel(8.0, technique="hard", contour=_HILL))
    bevel, _ = opened(Bevel(8.0, contour=_HILL))
    assert same_px == height_px
    expected = contoured(np.minimum(plain * (255 / 153), 1).astype(np.float32), bevel.descriptor[b"MpgS"])
    assert np.abs(shaped - expected).max() < 1e-6


@pytest.mark.parametrize(("depth", "inverted"), [(1.0, False), (-2.5, False), (0.5, True)])
def test_a_texture_rises_with_the_surface_as_light_as_its_pattern_is(depth: float, inverted: bool) -> None:
    plain, _ = surface(Bevel(8.0))
    textured, _ = surface(Bevel(8.0, texture=(_TILE, depth), inverted=inverted))
    for y in range(0, 40, 3):
        for x in range(0, 40, 3):
            light = float(_TILE.rgb[(y - 10) % 5, (x - 10) % 7] @ (0.3, 0.59, 0.11)) / 255  # begins with the layer
            light = 1 - light if inverted else light
            assert textured[y, x] == pytest.approx(plain[y, x] * (1 + depth * light), abs=1e-5)


@pytest.mark.parametrize("bevel", [Bevel(texture=(_TILE, 11.0)), Bevel(texture=(_TILE, float("nan")))])
def test_a_texture_of_absurd_depth_is_refused(bevel: Bevel) -> None:
    with pytest.raises(UNREADABLE):
        surface(bevel)


def test_a_texture_whose_pattern_is_not_in_the_file_is_refused() -> None:
    bevel, layer = opened(Bevel(texture=(_TILE, 1.0)))
    bevel.descriptor[b"Ptrn"][b"Idnt"].value = "another"
    with pytest.raises(UNREADABLE):
        draw_surface(bevel, layer, square(), _BOX, _RGB)


@pytest.mark.parametrize(
    ("bevel", "names"),
    [
        (Bevel(), []),
        (Bevel(technique="soft"), ["bevel_style"]),
        (Bevel(style="stroke"), ["bevel_style"]),
        (Bevel(contour=_HILL), ["bevel_texture_or_contour"]),
        (Bevel(texture=(_TILE, 1.0)), ["bevel_texture_or_contour"]),
    ],
)
def test_what_has_not_been_measured_is_named(bevel: Bevel, names: list[str]) -> None:
    _, layer = opened(bevel)
    assert unsupported_features(layer, effects_of(layer), [], is_alone=False) == names
