"""Fill opacity in the eight modes that fade their colour by it."""

from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays
from psd_tools.constants import BlendMode

from data_pipeline.compose import compose
from data_pipeline.drawing import ColourOverlay, Pixels
from data_pipeline.flatten.bake import bake
from data_pipeline.flatten.blend import FILLED, filled, mode_index, separable
from data_pipeline.flatten.fragment import Fragment
from tests.data_pipeline.flatten.test_bake import IN_RGB
from tests.data_pipeline.flatten.test_feather import distance_of
from tests.data_pipeline.flatten.test_walk import disc, flattened, ground

_NEUTRAL = {
    BlendMode.COLOR_BURN: 1.0,
    BlendMode.LINEAR_BURN: 1.0,
    BlendMode.VIVID_LIGHT: 0.5,
    BlendMode.LINEAR_LIGHT: 0.5,
}
_unit = st.floats(0, 1)
_rgba = arrays.arrays(np.uint8, (3, 4, 4))


@given(st.sampled_from(FILLED[:-1]), _unit, _unit, st.floats(0, 0.99))
def test_the_colour_fades_to_the_one_that_changes_nothing(mode: BlendMode, b: float, s: float, fill: float) -> None:
    neutral = _NEUTRAL.get(mode, 0.0)
    index = mode_index(mode)
    assert filled(index, b, s, fill) == pytest.approx(separable(index, b, neutral + fill * (s - neutral)), abs=1e-9)
    assert filled(index, b, s, 0.0) == pytest.approx(b, abs=1e-6)


@given(_unit, _unit)
def test_a_faded_hard_mix_grows_from_the_backdrop(b: float, s: float) -> None:
    index = mode_index(BlendMode.HARD_MIX)
    assert filled(index, b, s, 0.0) == pytest.approx(b)
    if abs(b + s - 1) > 1e-2:
        assert filled(index, b, s, 1 - 1e-6) == pytest.approx(separable(index, b, s))


def over(fragment: Fragment, backdrop: np.ndarray) -> np.ndarray:
    alpha = fragment.exact_alpha().astype(np.float64)[..., None]
    top = np.concatenate([fragment.rgba[..., :3] / 255 * alpha, alpha], axis=2)
    return top + (1 - alpha) * backdrop


@given(_rgba, _rgba, st.sampled_from(FILLED), st.floats(0.05, 0.95))
def test_a_baked_layer_gives_the_blended_colour(rgba: np.ndarray, below: np.ndarray, mode: BlendMode, f: float) -> None:
    backdrop = below.astype(np.float32) / 255
    backdrop[..., :3] *= backdrop[..., 3:]
    fills = np.full((3, 4), f, np.float32)
    result = over(bake(Fragment((0, 0, 4, 3), rgba, None, (0,)), mode, backdrop, IN_RGB, fills), backdrop)
    for y, x in np.ndindex(3, 4):
        a, b = rgba[y, x, 3] / 255, float(backdrop[y, x, 3])
        for k in range(3):
            source, base = rgba[y, x, k] / 255, min(1.0, float(backdrop[y, x, k]) / b) if b else 0.0
            mixed = filled(mode_index(mode), base, source, float(fills[y, x]))
            expected = (1 - a) * b * base + a * b * mixed + a * fills[y, x] * (1 - b) * source
            expected += 1 - (b + (1 - b) * a * fills[y, x])  # over white
            assert abs(result[y, x, k] + 1 - result[y, x, 3] - expected) < 0.5 / 255 + 1e-4


def test_a_filled_layer_leaves_no_name() -> None:
    light = Pixels(rgba=disc((200, 60, 90)), left=8, top=8, fill=99, blend_mode=BlendMode.LINEAR_LIGHT)
    flat, _ = flattened([ground((120, 110, 100)), light])
    assert flat.unsupported == ()
    pixel = compose(flat.stack)[20, 20, :3].astype(int)
    b, s = np.array([120, 110, 100]) - 60, np.array([200, 60, 90])
    assert np.abs(pixel - np.clip(b + 99 / 255 * (2 * s - 255), 0, 255)).max() <= 1


def test_a_filled_layer_below_effects_is_named() -> None:
    light = Pixels(rgba=disc((200, 60, 90)), fill=99, blend_mode=BlendMode.LINEAR_LIGHT)
    flat, _ = flattened([ground(), replace(light, effects=(ColourOverlay((9, 200, 90)),))])
    assert flat.unsupported == ("fill_of_blend_mode",)


def test_photoshops_own_fill(real_psds: Path) -> None:
    figures, unsupported = distance_of(real_psds, "ag-psd/0e394026_src.psd")
    assert unsupported == ()
    assert figures.mean == 0  # over white; on this translucent backdrop no Normal layer has the alpha, too
