"""Blend-if: the sliders written out, the names of what is not drawn, and what is left of a layer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psd_tools.constants import BlendMode

from data_pipeline.compose import compose
from data_pipeline.drawing import ColourOverlay, Group, Pixels, Range
from tests.data_pipeline.flatten.test_walk import flattened, ground

_SLIDERS = st.lists(st.integers(0, 255), min_size=4, max_size=4).map(sorted).map(tuple)


def left_at(value: float, sliders: tuple[int, ...]) -> float:
    """What the black slider leaves times what the white one leaves."""
    black_low, black_high, white_low, white_high = sliders
    black = 1.0 if value >= black_high else 0.0
    if black_low < value < black_high:
        black = (value - black_low) / (black_high - black_low)
    white = 1.0 if value <= white_low else 0.0
    if white_low < value < white_high:
        white = (white_high - value) / (white_high - white_low)
    return black * white


def shades(**options: object) -> Pixels:
    """A ramp of reds over a ramp of greens and blues, opaque."""
    y, x = np.mgrid[:48, :48]
    rgba = np.stack([x * 5, 255 - y * 5, (x + y) * 2, np.full_like(x, 255)], axis=-1).astype(np.uint8)
    return Pixels(name="Shades", rgba=rgba, **options)  # type: ignore[arg-type]


def left_of(rgba: np.ndarray, sliders: list[tuple[int, ...]]) -> np.ndarray:
    """Per pixel, the product over grey and the three channels."""
    grey = np.floor(rgba[..., :3] @ np.array([0.3, 0.59, 0.11]) + 0.5)
    left = np.ones(grey.shape)
    for values, one in zip([grey, *np.moveaxis(rgba[..., :3], -1, 0)], sliders, strict=False):
        left *= np.array([left_at(value, one) for value in range(256)])[values.astype(int)]
    return left


@given(st.lists(_SLIDERS, min_size=4, max_size=4), st.lists(_SLIDERS, min_size=4, max_size=4))
def test_both_rows_of_sliders_fade_the_layer(own: list[tuple[int, ...]], below: list[tuple[int, ...]]) -> None:
    base, top = ground(), shades(blend_if=tuple(map(Range, own, below)))
    assert base.rgba is not None
    assert top.rgba is not None
    flat, _ = flattened([base, top])
    assert flat.unsupported == ()
    alpha = left_of(top.rgba, own) * left_of(base.rgba, below)
    expected = base.rgba[..., :3] + alpha[..., None] * (top.rgba[..., :3].astype(float) - base.rgba[..., :3])
    assert np.abs(compose(flat.stack)[..., :3] - expected).max() <= 1.5


def test_full_ranges_change_nothing() -> None:
    plain, _ = flattened([ground(), shades()])
    ranged, _ = flattened([ground(), shades(blend_if=(Range(),) * 4)])
    assert np.array_equal(plain.stack.layers[1].rgba, ranged.stack.layers[1].rgba)
    assert not ranged.stack.layers[1].baked


def test_only_the_underlying_layer_makes_a_layer_depend_on_its_backdrop() -> None:
    own, _ = flattened([ground(), shades(blend_if=(Range(own=(40, 90, 255, 255)),))])
    below, _ = flattened([ground(), shades(blend_if=(Range(below=(40, 240, 255, 255)),))])
    assert not own.stack.layers[1].baked
    assert below.stack.layers[1].baked
    assert below.stack.layers[1].backdrop_dependence > 0.05


def test_a_groups_layers_stay_layers() -> None:
    layers = (shades(), replace(shades(), left=9))
    group = Group(blend_mode=BlendMode.NORMAL, layers=layers, blend_if=(Range((30, 60, 255, 255)),))
    flat, _ = flattened([ground(), group])
    assert [layer.layer_ids for layer in flat.stack.layers] == [(0,), (2,), (3,)]


@pytest.mark.parametrize(
    "layers",
    [
        [shades(blend_if=(Range((30, 60, 255, 255)),), effects=(ColourOverlay((9, 200, 90)),))],
        [shades(blend_if=(Range((60, 30, 255, 255)),))],
        [Group(layers=(shades(),), blend_if=(Range((30, 60, 255, 255)),))],
        [shades(blend_if=(*[Range()] * 4, Range((30, 60, 255, 255))))],
    ],
    ids=["effects", "out of order", "pass through", "a fifth channel"],
)
def test_ranges_that_are_not_drawn_are_named(layers: list) -> None:
    flat, _ = flattened([ground(), *layers])
    assert flat.unsupported == ("blend_if",)
