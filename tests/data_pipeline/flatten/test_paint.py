"""Where a pattern begins, how it is turned, and Photoshop's own pattern fills and overlays."""

from pathlib import Path

import numpy as np
import pytest
from psd_tools.constants import Tag
from psd_tools.psd.tagged_blocks import TaggedBlock

from data_pipeline.colour import colour_space
from data_pipeline.compose import compose
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import PatternOverlay, Pixels, Tile
from data_pipeline.flatten import Flattened, flatten
from data_pipeline.flatten.paint import draw_paint, fill_descriptor
from data_pipeline.tagged_blocks import FILLS, descendants, parse
from schemas.options import CurateOptions
from tests.data_pipeline.flatten.test_feather import distance_of
from tests.data_pipeline.flatten.test_walk import flattened, opened

_RNG = np.random.default_rng(5)
_TILE = Tile(_RNG.integers(0, 256, (6, 8, 3), np.uint8))


def test_a_pattern_linked_with_its_layer_begins_at_the_layers_reference_point() -> None:
    overlay = PatternOverlay(_TILE)
    document = opened([Pixels(rgba=np.full((20, 30, 4), 255, np.uint8), left=7, top=5, effects=(overlay,))])
    point = np.array([3, -10], ">f8").tobytes()
    document.psd[0].tagged_blocks[Tag.REFERENCE_POINT] = TaggedBlock(key=Tag.REFERENCE_POINT, data=point)
    picture = compose(flatten(document, colour_space(document)).stack)
    ys, xs = np.mgrid[5:25, 7:37]
    assert np.array_equal(picture[5:25, 7:37, :3], _TILE.rgb[(ys + 10) % 6, (xs - 3) % 8])


@pytest.mark.parametrize("far", [np.nan, np.inf, 1e300])
def test_a_pattern_that_begins_nowhere_near_is_refused(far: float) -> None:
    document = opened([Pixels(rgba=np.full((20, 30, 4), 255, np.uint8), effects=(PatternOverlay(_TILE, angle=5.0),))])
    point = np.array([3, far], ">f8").tobytes()
    document.psd[0].tagged_blocks[Tag.REFERENCE_POINT] = TaggedBlock(key=Tag.REFERENCE_POINT, data=point)
    assert "effect:pattern_overlay" in flatten(document, colour_space(document)).unsupported


def turned(angle: float) -> Flattened:
    overlay = PatternOverlay(_TILE, angle=angle)
    document = opened([Pixels(rgba=np.full((20, 30, 4), 255, np.uint8), left=7, top=5, effects=(overlay,))])
    return flatten(document, colour_space(document))


@pytest.mark.parametrize("angle", [90.0, 30.0, -115.0])
def test_a_pattern_is_turned_anticlockwise_about_where_it_begins_and_named(angle: float) -> None:
    flat = turned(angle)
    assert flat.unsupported == ("pattern_angle",)
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    for y, x in ((0, 0), (3, 11), (19, 29), (12, 2)):  # from where the tile begins, the layer's corner
        column = (x + 0.5) * cosine - (y + 0.5) * sine - 0.5
        row = (x + 0.5) * sine + (y + 0.5) * cosine - 0.5
        left, top = int(np.floor(column)), int(np.floor(row))
        expected = sum(
            (1 - abs(column - i)) * (1 - abs(row - j)) * _TILE.rgb[j % 6, i % 8].astype(float)
            for i in (left, left + 1)
            for j in (top, top + 1)
        )
        assert np.abs(compose(flat.stack)[5 + y, 7 + x, :3] - expected).max() < 0.6


def test_an_angle_that_is_no_number_is_refused() -> None:
    assert turned(np.nan).unsupported == ("effect:pattern_overlay", "pattern_angle")


def test_a_scaled_pattern_is_named() -> None:
    overlay = PatternOverlay(_TILE, scale=0.5)
    flat, _ = flattened([Pixels(rgba=np.full((20, 30, 4), 255, np.uint8), effects=(overlay,))])
    assert flat.unsupported == ("pattern_scale",)


def test_photoshops_own_pattern_overlay(real_psds: Path) -> None:
    figures, unsupported = distance_of(real_psds, "*/3b0273ea_fill-opacity.psd")
    assert unsupported == ()
    assert figures.mean == 0


@pytest.mark.parametrize("name", ["efdcb65c_vector-test", "f726a188_pattern-fill", "fc6c3296_vector-mask2"])
def test_photoshops_own_rasters_of_pattern_fills(real_psds: Path, name: str) -> None:
    (path,) = real_psds.glob(f"features/*/{name}.psd")
    document = open_document(path, CurateOptions())
    assert isinstance(document, Document)
    compared = 0
    for layer in descendants(document.psd):
        parse(layer.tagged_blocks, *FILLS)
        if Tag.PATTERN_FILL_SETTING not in layer.tagged_blocks or not layer.has_pixels():
            continue
        kept, box = layer.numpy(), tuple(layer.bbox)
        paint = draw_paint(fill_descriptor(layer), layer, box, (0, 0, 1, 1), colour_space(document))
        shown = kept[..., 3] > 0
        assert np.array_equal(paint.rgb[shown], np.rint(kept[..., :3] * 255).astype(np.uint8)[shown])
        compared += 1
    assert compared


def test_a_pattern_of_no_size_is_not_drawn() -> None:
    layer = Pixels(rgba=np.full((20, 30, 4), 255, np.uint8), effects=(PatternOverlay(_TILE, scale=0.0),))
    flat, _ = flattened([layer])
    assert flat.unsupported == ("effect:pattern_overlay",)
