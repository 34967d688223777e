"""Drawn PSDs, opened again: each thing that can be drawn is there for a reader, and shows in the stored image."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode, Tag

from data_pipeline.drawing import (
    ColourOverlay,
    DropShadow,
    Fill,
    Gradient,
    GradientOverlay,
    Group,
    Invert,
    Mask,
    Node,
    PatternOverlay,
    Pixels,
    Stroke,
    Text,
    Tile,
    draw_bytes,
    draw_many,
    random_design,
)

RED_TO_BLUE = Gradient(((0.0, (255, 0, 0), 1.0), (1.0, (0, 0, 255), 1.0)))
TILE = Tile(np.kron(np.eye(2, dtype=np.uint8)[..., None].repeat(3, 2) * 255, np.ones((2, 2, 1), np.uint8)))


def plain(width: int, height: int, *rgba: int) -> np.ndarray:
    return np.full((height, width, 4), rgba, np.uint8)


GROUND = Pixels(name="Ground", rgba=plain(20, 16, 200, 180, 160, 255))
SPOT = Pixels(name="Spot", rgba=plain(8, 8, 40, 90, 220, 255), left=6, top=4)


def opened(*layers: Node, **options: Any) -> PSDImage:
    return PSDImage.open(io.BytesIO(draw_bytes(20, 16, layers, **options)))


def picture(*layers: Node, **options: Any) -> np.ndarray:
    """The stored image as Pillow reads it."""
    return np.asarray(Image.open(io.BytesIO(draw_bytes(20, 16, layers, **options))).convert("RGBA")).astype(int)


@pytest.mark.parametrize("name", ["Ebene", "Ä/ö\\ü", "背景 😀", "", "<b>&amp;</b>", "x" * 300, "../..", "e\u0301"])
def test_any_name_comes_back(name: str) -> None:
    assert opened(replace(SPOT, name=name))[0].name == name


def test_places_and_pixels_come_back() -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (5, 7, 4), dtype=np.uint8)
    layer = opened(Pixels(rgba=rgba, left=-3, top=14))[0]
    assert layer.bbox == (-3, 14, 4, 19)
    np.testing.assert_array_equal(np.rint(layer.numpy() * 255), rgba)


def test_the_stored_image_is_the_layers_over_each_other() -> None:
    seen = picture(GROUND, replace(SPOT, opacity=128))
    assert seen[0, 0].tolist() == [200, 180, 160, 255]
    share = 128 / 255
    expected = share * np.array([40, 90, 220]) + (1 - share) * np.array([200, 180, 160])
    np.testing.assert_allclose(seen[8, 8, :3], expected, atol=0.51)


def test_transparency_is_stored_over_white() -> None:
    """As Photoshop does: the colour of the merged image is matted, its alpha in a channel of its own."""
    black = Pixels(rgba=plain(20, 16, 0, 0, 0, 51))
    assert picture(black)[0, 0].tolist() == [204, 204, 204, 51]
    np.testing.assert_allclose(opened(black).numpy()[0, 0], [0, 0, 0, 0.2], atol=1e-6)  # psd-tools takes the white off


def test_a_document_without_merged_alpha_has_three_channels() -> None:
    document = opened(SPOT, merged_alpha=False)
    assert (document.channels, document.numpy().shape[2]) == (3, 3)
    assert document[0].numpy().shape[2] == 4


@pytest.mark.parametrize("mode", [mode for mode in BlendMode if mode is not BlendMode.PASS_THROUGH])
def test_every_blend_mode_comes_back(mode: BlendMode) -> None:
    assert opened(GROUND, replace(SPOT, blend_mode=mode))[1].blend_mode == mode


def test_opacity_fill_visibility_and_clipping_come_back() -> None:
    top = opened(GROUND, replace(SPOT, opacity=77, fill=99, visible=False, clipping=True))[1]
    assert (top.opacity, top.fill_opacity, top.visible, top.clipping) == (77, 99, False, True)


def test_a_clipped_layer_shows_on_its_base_only() -> None:
    clipped = Pixels(rgba=plain(20, 16, 255, 255, 0, 255), clipping=True)
    seen = picture(SPOT, clipped)
    assert seen[8, 8].tolist() == [255, 255, 0, 255]
    assert seen[0, 0, 3] == 0


@pytest.mark.parametrize(
    ("mask", "inside", "outside"),
    [
        (Mask(np.full((4, 4), 255, np.uint8), 8, 6), 255, 0),
        (Mask(np.zeros((4, 4), np.uint8), 8, 6, default=255), 0, 255),
        (Mask(np.zeros((4, 4), np.uint8), 8, 6, density=51), 204, 204),
        (Mask(np.zeros((4, 4), np.uint8), 8, 6, disabled=True), 255, 255),
    ],
)
def test_a_layer_mask_hides(mask: Mask, inside: int, outside: int) -> None:
    seen = picture(replace(SPOT, mask=mask))
    assert (seen[7, 9, 3], seen[4, 6, 3]) == (inside, outside)


def test_a_mask_comes_back() -> None:
    mask = opened(replace(SPOT, mask=Mask(np.full((4, 5), 9, np.uint8), 1, 2, 255, 200, 3.5, True)))[0].mask
    assert (mask.bbox, mask.background_color, mask.disabled) == ((1, 2, 6, 6), 255, True)
    assert (mask.parameters.user_mask_density, mask.parameters.user_mask_feather) == (200, 3.5)


def test_groups_nest_in_order() -> None:
    inner = Group(name="inner", layers=(replace(SPOT, name="c"),), blend_mode=BlendMode.NORMAL)
    document = opened(GROUND, Group(name="outer", opacity=128, layers=(replace(SPOT, name="a"), inner)))
    names = [(layer.name, layer.kind, layer.blend_mode.name) for layer in document.descendants()]
    assert names == [
        ("Ground", "pixel", "NORMAL"),
        ("outer", "group", "PASS_THROUGH"),
        ("a", "pixel", "NORMAL"),
        ("inner", "group", "NORMAL"),
        ("c", "pixel", "NORMAL"),
    ]
    assert document[1].opacity == 128


def test_an_isolated_group_does_not_blend_with_what_lies_below() -> None:
    layers = (replace(SPOT, blend_mode=BlendMode.MULTIPLY),)
    isolated = picture(GROUND, Group(layers=layers, blend_mode=BlendMode.NORMAL))
    through = picture(GROUND, Group(layers=layers))
    assert isolated[8, 8, :3].tolist() == [40, 90, 220]
    np.testing.assert_allclose(through[8, 8, :3], np.array([40, 90, 220]) * [200, 180, 160] / 255, atol=0.51)


def test_a_mask_of_a_group_hides_its_children() -> None:
    mask = Mask(np.full((16, 10), 255, np.uint8))
    seen = picture(Group(layers=(SPOT,), mask=mask))
    assert (seen[8, 9, 3], seen[8, 10, 3]) == (255, 0)


def test_knockout_and_artboards_are_stored() -> None:
    document = opened(Group(layers=(replace(SPOT, knockout=2),), artboard=(2, 1, 18, 15)))
    assert document[0].kind == "artboard"
    assert document[0].bbox == (2, 1, 18, 15)
    assert document[0][0].tagged_blocks.get_data(Tag.KNOCKOUT_SETTING) == 2


@pytest.mark.parametrize("text", ["Hello", "two\nlines", "(a) \\ b", "größe 大 😀"])
def test_a_type_layer_says_its_text(text: str) -> None:
    layer = opened(Text(text=text, rgba=plain(4, 4, 0, 0, 0, 255), left=2, top=3))[0]
    assert layer.kind == "type"
    assert layer.text == text.replace("\n", "\r")
    assert layer.engine_dict["Editor"]["Text"].value == text.replace("\n", "\r")
    assert layer.bbox == (2, 3, 6, 7)


def test_fills_cover_the_canvas_or_their_path() -> None:
    seen = picture(
        Fill(paint=(10, 200, 30)),
        Fill(paint=(250, 0, 0), vector_mask=(((5, 4), (15, 4), (15, 12), (5, 12)),)),
    )
    assert seen[1, 1].tolist() == [10, 200, 30, 255]
    assert seen[8, 8].tolist() == [250, 0, 0, 255]


@pytest.mark.parametrize(("paint", "kind"), [((1, 2, 3), "solidcolorfill"), (RED_TO_BLUE, "gradientfill"),
                                             (TILE, "patternfill")])  # fmt: skip
def test_kinds_of_fills(paint: Any, kind: str) -> None:
    assert opened(Fill(paint=paint))[0].kind == kind
    assert opened(Fill(paint=paint, vector_mask=(((0, 0), (9, 0), (9, 9)),)))[0].kind == "shape"


def test_a_gradient_runs_from_the_bottom_up() -> None:
    seen = picture(Fill(paint=RED_TO_BLUE))
    assert seen[15, 3, 0] > 200
    assert seen[0, 3, 2] > 200


def test_a_pattern_repeats() -> None:
    seen = picture(Fill(paint=TILE))
    np.testing.assert_array_equal(seen[:4, :4], seen[4:8, 8:12])
    assert {tuple(pixel) for pixel in seen.reshape(-1, 4)} == {(0, 0, 0, 255), (255, 255, 255, 255)}


def test_an_adjustment_layer_inverts() -> None:
    assert picture(GROUND, Invert())[0, 0].tolist() == [55, 75, 95, 255]


@pytest.mark.parametrize(
    ("effect", "name"),
    [
        (ColourOverlay((9, 8, 7)), "ColorOverlay"),
        (GradientOverlay(RED_TO_BLUE), "GradientOverlay"),
        (PatternOverlay(TILE), "PatternOverlay"),
        (Stroke(2, (0, 0, 0)), "Stroke"),
        (Stroke(2, RED_TO_BLUE, "inside"), "Stroke"),
        (Stroke(2, TILE, "centre"), "Stroke"),
    ],
)
def test_effects_are_read_and_drawn(effect: Any, name: str) -> None:
    layer = opened(GROUND, replace(SPOT, effects=(effect,)))[1]
    assert [(one.name, one.enabled, one.opacity) for one in layer.effects] == [(name, True, 100.0)]
    assert (picture(GROUND, replace(SPOT, effects=(effect,))) != picture(GROUND, SPOT)).any()


@pytest.mark.parametrize(("position", "left"), [("outside", 4), ("centre", 5), ("inside", 6)])
def test_a_stroke_lies_where_it_should(position: str, left: int) -> None:
    seen = picture(GROUND, replace(SPOT, effects=(Stroke(2, (0, 0, 0), position),)))
    black = np.flatnonzero((seen[8, :, :3] == 0).all(axis=1))
    assert black[:2].tolist() == [left, left + 1]


def test_an_effect_without_the_present_key_is_drawn_but_not_listed_by_psd_tools() -> None:
    old = replace(SPOT, effects=(ColourOverlay((9, 8, 7), present=None),))
    assert picture(old)[8, 8].tolist() == [9, 8, 7, 255]
    assert list(opened(old)[0].effects) == []


def test_a_disabled_effect_is_stored_and_not_drawn() -> None:
    off = replace(SPOT, effects=(ColourOverlay((9, 8, 7), enabled=False),))
    assert picture(off)[8, 8].tolist() == [40, 90, 220, 255]
    assert not opened(off)[0].effects[0].enabled


def test_several_effects_of_one_kind_are_a_list() -> None:
    strokes = (Stroke(1, (0, 0, 0)), Stroke(2, (255, 0, 0), "inside"), DropShadow())
    effects = opened(replace(SPOT, effects=strokes))[0].effects
    assert [one.name for one in effects] == ["Stroke", "Stroke", "DropShadow"]


@pytest.mark.parametrize("options", [{"large": True}, {"depth": 16}, {"mode": "L"}, {"mode": "CMYK"}])
def test_other_kinds_of_documents_store_what_their_layers_give(options: dict[str, Any]) -> None:
    document = opened(GROUND, replace(SPOT, opacity=99), **options)
    assert (document.version, document.depth) == (2 if "large" in options else 1, options.get("depth", 8))
    assert len(document) == 2
    ours = np.asarray(document.composite(force=True).convert("RGB")).astype(int)
    stored = np.asarray(document.topil().convert("RGB")).astype(int)
    assert np.abs(ours - stored).max() <= 1


def test_sixteen_bits_are_kept() -> None:
    rgba = np.full((16, 20, 4), 65535, np.uint16)
    rgba[..., 0] = np.arange(20) * 257 + 1
    layer = opened(Pixels(rgba=rgba), depth=16)[0]
    np.testing.assert_array_equal(np.rint(layer.numpy() * 65535), rgba)


def test_a_stored_image_can_be_given_or_left_out() -> None:
    assert picture(SPOT, stored=plain(20, 16, 1, 2, 3, 255))[0, 0].tolist() == [1, 2, 3, 255]
    assert opened(SPOT).has_preview()
    assert not opened(SPOT, has_stored=False).has_preview()


def test_the_same_description_gives_the_same_bytes() -> None:
    layers = [GROUND, replace(SPOT, effects=(PatternOverlay(TILE),)), Text(text="a", rgba=plain(2, 2, 0, 0, 0, 9))]
    assert draw_bytes(20, 16, layers) == draw_bytes(20, 16, layers)


def test_random_designs_depend_on_the_seed_alone(tmp_path: Any) -> None:
    first, again, other = (list(draw_many(tmp_path / name, 2, seed)) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert first[0].read_bytes() != other[0].read_bytes()


def test_random_designs_vary() -> None:
    designs = [random_design(np.random.default_rng(seed)) for seed in range(12)]
    assert len({(width, height) for width, height, _ in designs}) > 3
    assert len({len(layers) for _, _, layers in designs}) > 3
