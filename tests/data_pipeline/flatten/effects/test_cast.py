"""Shadows and glows: their shapes against the formula written out, their layers, and Photoshop's own pictures."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from psd_tools.constants import BlendMode, ColorMode

from data_pipeline.boxes import intersect, on_box, shifted, view
from data_pipeline.colour import ColourSpace, colour_space
from data_pipeline.compose import compose
from data_pipeline.curate import curate
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Bevel, DropShadow, Group, InnerShadow, Pixels, draw_bytes
from data_pipeline.flatten import flatten
from data_pipeline.flatten.effects.cast import draw_cast
from data_pipeline.flatten.effects.effect import effects_of
from data_pipeline.flatten.effects.growth import grow
from data_pipeline.flatten.effects.shadow import offset_px, softened
from data_pipeline.flatten.fragment import Fragment
from schemas.options import CurateOptions
from schemas.sample import Sample
from tests.data_pipeline.flatten.test_walk import flattened, ground, opened

_RGB = ColourSpace(ColorMode.RGB, None, None, damaged_profile=False)

_SHAPES = arrays(np.float32, (7, 9), elements=st.floats(0, 1, width=32))


def blurred(shape: np.ndarray, width: int) -> np.ndarray:
    """Every pixel the mean of width x width boxes of means, the first to one side and the second to the other."""
    margin = 2 * width
    padded = np.pad(shape.astype(np.float64), margin)
    triangle = np.convolve(np.ones(width), np.ones(width)) / width**2
    for axis in (0, 1):
        padded = np.apply_along_axis(np.convolve, axis, padded, triangle, "same")
    return padded[margin:-margin, margin:-margin]


@given(_SHAPES, st.integers(0, 6))
def test_a_shape_is_blurred_by_two_boxes(shape: np.ndarray, width: int) -> None:
    expected = shape if width < 2 else blurred(shape, width)
    assert np.abs(softened(shape, width, 0.0) - expected).max() < 1e-5


def test_spread_grows_a_shape_by_whole_pixels() -> None:
    shape = np.zeros((20, 20), np.float32)
    shape[8:12, 8:12] = 1
    assert np.array_equal(softened(shape, 4, 0.1), softened(shape, 4, 0.0))
    assert np.array_equal(softened(shape, 4, 0.4), softened(grow(shape, 2.0), 2, 0.0))
    assert np.array_equal(softened(shape, 4, 1.0), grow(shape, 4.0))


def test_light_from_above_throws_the_shadow_down() -> None:
    assert offset_px(90, 5) == (0, 5)
    assert offset_px(180, 5) == (5, 0)
    assert offset_px(120, 10) == (5, 9)


def test_a_moved_shape_is_cut_at_the_target() -> None:
    shape = np.ones((2, 2), np.float32)
    assert on_box(shape, shifted((0, 0, 2, 2), 1, 2), (0, 0, 3, 3)).tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 1]]
    assert not on_box(shape, shifted((0, 0, 2, 2), 9, 9), (0, 0, 3, 3)).any()


def square(opacity: int = 255, fill: int = 255) -> Pixels:
    rgba = np.full((10, 10, 4), (200, 30, 30, 255), np.uint8)
    return Pixels(name="Square", rgba=rgba, left=12, top=12, opacity=opacity, fill=fill, effects=(DropShadow(),))


def test_a_shadow_is_a_layer_below_its_owner() -> None:
    flat, _ = flattened([ground(), square()])
    assert [(layer.layer_ids, layer.owner_id) for layer in flat.stack.layers] == [((0,), None), ((2,), 1), ((1,), None)]
    shadow = flat.stack.layers[1]
    assert not shadow.rgba[..., :3].any()
    assert len(np.unique(shadow.rgba[..., 3])) > 30  # soft


def test_a_faint_layer_hides_its_shadow_from_itself() -> None:
    """Photoshop's default: no shadow shows through the layer that throws it."""
    solid, faint = (compose(flattened([ground(), square(fill=fill)])[0].stack) for fill in (255, 0))
    alone = compose(flattened([ground()])[0].stack)
    assert np.array_equal(faint[13:21, 13:21], alone[13:21, 13:21])
    beside = np.s_[24:28, 12:22]
    assert np.array_equal(faint[beside], solid[beside])
    assert not np.array_equal(faint[beside], alone[beside])


def test_a_group_throws_one_shadow() -> None:
    plain = Pixels(rgba=square().rgba, left=12, top=12)
    flat, _ = flattened([ground(), Group(layers=(plain, plain), effects=(DropShadow(),))])
    assert [node.kind for node in flat.nodes].count("effect:drop_shadow") == 1
    assert "effect:drop_shadow" not in flat.unsupported
    assert not any(node.flattened for node in flat.nodes)


@pytest.mark.parametrize(
    "name",
    ["b8824af0_drop-shadow-1", "23faa282_drop-shadow-3", "c3f8bdbc_drop-shadow-6", "1ea3a700_drop-shadow-7-text",
     "0b209a62_inner-shadow-2"],
)  # fmt: skip
def test_matches_photoshop(name: str, real_psds: Path) -> None:
    sample = curate(real_psds / "features" / "psd2svg" / f"{name}.psd")
    assert isinstance(sample, Sample)
    assert sample.fidelity is not None
    assert sample.fidelity.within2 >= 0.99


_WINDOWS = st.tuples(st.integers(-9, 40), st.integers(-9, 40), st.integers(1, 30), st.integers(1, 30))


@given(_WINDOWS, st.floats(0, 12), st.floats(0, 20))
def test_a_shadow_in_a_window_is_a_part_of_the_whole(
    window: tuple[int, int, int, int], size: float, distance: float
) -> None:
    rgba = np.full((12, 12, 4), 255, np.uint8)
    rgba[:, 5, 3] = 90
    shadow = DropShadow(size=size, distance=distance)
    layer = opened([Pixels(rgba=rgba, left=18, top=18, effects=(shadow,))]).psd[0]
    region, (effect,) = [Fragment((18, 18, 30, 30), rgba, None, (0,))], effects_of(layer)
    left, top, width, height = window
    box = (left, top, left + width, top + height)
    (whole,) = draw_cast(effect, layer, region, (-99, -99, 199, 199), _RGB) or []
    parts = draw_cast(effect, layer, region, box, _RGB)
    assert parts is not None
    shown = intersect(whole.box, box)
    assert [part.box for part in parts] == ([] if shown is None else [shown])
    for part in parts:
        assert np.abs(part.coverage - view(whole.coverage, whole.box, part.box)).max() < 1e-5


def test_of_one_effect_ten_are_drawn_and_a_large_one_costs_what_the_canvas_shows_of_it() -> None:
    large, small = (DropShadow(size=size, distance=0.0, blend_mode=BlendMode.MULTIPLY) for size in (1000.0, 5.0))
    flat, _ = flattened([ground(), Pixels(rgba=np.full((2, 2, 4), 255, np.uint8), effects=(large, *(small,) * 11))])
    assert flat.unsupported == ("effect:drop_shadow",)
    effects = [node for node in flat.nodes if node.owner_id is not None]
    assert [node.dropped is None for node in effects] == [False] * 2 + [True] * 10
    widths = [layer.box[2] for layer in flat.stack.layers if layer.owner_id is not None]
    assert widths[-1] > 2 * max(widths[:-1])  # the large one


@pytest.mark.parametrize("effect", [DropShadow(size=1000.0), InnerShadow(size=1000.0), Bevel(1000)])
def test_an_effect_that_reaches_far_beyond_a_thin_canvas_is_not_drawn(effect: DropShadow | InnerShadow | Bevel) -> None:
    thin = np.full((1, 30_000, 4), 255, np.uint8)
    drawn = draw_bytes(30_000, 1, [Pixels(rgba=thin), Pixels(rgba=thin, effects=(effect,))], has_stored=False)
    document = open_document(io.BytesIO(drawn), CurateOptions())
    assert isinstance(document, Document)
    flat = flatten(document, colour_space(document))
    assert len(flat.unsupported) == 1
    assert flat.unsupported[0].startswith("effect:")
