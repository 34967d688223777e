"""Baking: a plain layer that gives the picture of any blend mode, with as little of the backdrop as it can."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as arrays
from psd_tools.constants import BlendMode, ColorMode

from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.bake import bake
from data_pipeline.flatten.blend import MODES, blend, mode_index
from data_pipeline.flatten.fragment import Fragment

IN_RGB = ColourSpace(ColorMode.RGB, None, None, damaged_profile=False)
_SHAPE = (6, 7)
_rgba = arrays.arrays(np.uint8, (*_SHAPE, 4))


def _backdrop(rgba: np.ndarray) -> np.ndarray:
    straight = rgba.astype(np.float32) / 255
    straight[..., :3] *= straight[..., 3:]
    return straight


def _fragment(rgba: np.ndarray, alpha: np.ndarray | None = None) -> Fragment:
    return Fragment((0, 0, _SHAPE[1], _SHAPE[0]), rgba, alpha, (0,))


def _over(fragment: Fragment, backdrop: np.ndarray) -> np.ndarray:
    alpha = fragment.exact_alpha().astype(np.float64)[..., np.newaxis]
    top = np.concatenate([fragment.rgba[..., :3] / 255 * alpha, alpha], axis=2)
    return top + (1 - alpha) * backdrop


def _direct(rgba: np.ndarray, mode: BlendMode, backdrop: np.ndarray) -> np.ndarray:
    """The formula of PDF 32000, 11.3.6, transcribed."""
    result = np.empty(backdrop.shape)
    for y, x in np.ndindex(*_SHAPE):
        a, b = rgba[y, x, 3] / 255, float(backdrop[y, x, 3])
        source = rgba[y, x, :3] / 255
        below = np.clip(backdrop[y, x, :3] / b, 0, 1).astype(float) if b > 0 else np.zeros(3)
        mixed = np.array(blend(mode_index(mode), *below, *source))
        result[y, x, :3] = (1 - a) * b * below + a * ((1 - b) * source + b * mixed)
        result[y, x, 3] = a + (1 - a) * b
    return result


@given(_rgba, _rgba, st.sampled_from(MODES))
def test_gives_the_same_picture(rgba: np.ndarray, below: np.ndarray, mode: BlendMode) -> None:
    backdrop = _backdrop(below)
    baked = bake(_fragment(rgba), mode, backdrop, IN_RGB)
    # Half a step of colour, at full alpha.
    np.testing.assert_allclose(_over(baked, backdrop), _direct(rgba, mode, backdrop), atol=0.5 / 255 + 1e-5)


@given(_rgba, st.sampled_from(MODES))
def test_alpha_zero_changes_nothing(below: np.ndarray, mode: BlendMode) -> None:
    backdrop = _backdrop(below)
    clear = np.zeros((*_SHAPE, 4), np.uint8)
    assert not bake(_fragment(clear), mode, backdrop, IN_RGB).exact_alpha().any()


@given(_rgba, _rgba)
def test_normal_is_alpha_over(rgba: np.ndarray, below: np.ndarray) -> None:
    backdrop = _backdrop(below)
    expected = _over(_fragment(rgba), backdrop)
    baked = bake(_fragment(rgba), BlendMode.NORMAL, backdrop, IN_RGB)
    np.testing.assert_allclose(_over(baked, backdrop), expected, atol=0.003)


@given(arrays.arrays(np.uint8, (*_SHAPE, 4)), st.integers(0, 254))
def test_multiplied_grey_is_translucent_black_whatever_lies_below(below: np.ndarray, grey: int) -> None:
    below[..., 3] = 255
    below[..., :3] = np.maximum(below[..., :3], 1)
    source = np.full((*_SHAPE, 4), 255, np.uint8)
    source[..., :3] = grey
    baked = bake(_fragment(source), BlendMode.MULTIPLY, _backdrop(below), IN_RGB)
    assert baked.rgba[..., :3].max() <= 255 - grey  # black, up to the rounding of alpha
    np.testing.assert_allclose(baked.exact_alpha(), 1 - grey / 255, atol=1 / 255)
    assert baked.backdrop_dependence < 1.5 / 255


def test_difference_keeps_depending_on_the_backdrop() -> None:
    source = np.full((*_SHAPE, 4), 255, np.uint8)
    below = np.full((*_SHAPE, 4), 200, np.uint8)
    below[..., 3] = 255
    assert bake(_fragment(source), BlendMode.DIFFERENCE, _backdrop(below), IN_RGB).backdrop_dependence > 0.3
