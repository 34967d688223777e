"""The rule of weights against nested compositing written out in float64."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.weights import clip, erase, scale, total_alpha

_SIDE = 12
_seeds = st.integers(0, 2**32 - 1)


def _fragments(rng: np.random.Generator, count: int) -> list[Fragment]:
    fragments = []
    for index in range(count):
        left, top = rng.integers(0, _SIDE - 2, 2)
        right, bottom = rng.integers(left + 1, _SIDE + 1), rng.integers(top + 1, _SIDE + 1)
        shape = (int(bottom - top), int(right - left))
        alpha = rng.choice([0, 0.3, 0.9, 1], shape).astype(np.float32)
        rgba = rng.integers(0, 256, (*shape, 4)).astype(np.uint8)
        fragments.append(Fragment((int(left), int(top), int(right), int(bottom)), rgba, alpha, (index,)))
    return fragments


def _placed(fragment: Fragment) -> tuple[np.ndarray, np.ndarray]:
    """(colour [side, side, 3], alpha [side, side, 1]) on the whole canvas, float64."""
    left, top, right, bottom = fragment.box
    colour, alpha = np.zeros((_SIDE, _SIDE, 3)), np.zeros((_SIDE, _SIDE, 1))
    colour[top:bottom, left:right] = fragment.rgba[..., :3] / 255
    alpha[top:bottom, left:right, 0] = fragment.exact_alpha()
    return colour, alpha


def _painted(fragments: list[Fragment], backdrop: np.ndarray) -> np.ndarray:
    """Premultiplied RGBA over a premultiplied backdrop."""
    for fragment in fragments:
        colour, alpha = _placed(fragment)
        backdrop = np.concatenate([colour * alpha, alpha], axis=2) + (1 - alpha) * backdrop
    return backdrop


def _random_backdrop(rng: np.random.Generator) -> np.ndarray:
    alpha = rng.choice([0, 0.5, 1], (_SIDE, _SIDE, 1))
    return np.concatenate([rng.random((_SIDE, _SIDE, 3)) * alpha, alpha], axis=2)


@given(_seeds, st.integers(1, 5))
def test_a_group_at_partial_coverage_is_a_blend_of_with_and_without_it(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    group, backdrop = _fragments(rng, count), _random_backdrop(rng)
    mask = rng.choice([0, 0.25, 0.8, 1], (_SIDE, _SIDE)).astype(np.float32)
    scaled = scale(group, Coverage(0.0, (0, 0, _SIDE, _SIDE), mask))
    inside = _painted(group, np.zeros((_SIDE, _SIDE, 4))) * mask[..., np.newaxis]
    expected = inside + (1 - inside[..., 3:]) * backdrop  # the group composited alone, faded, put over the backdrop
    np.testing.assert_allclose(_painted(scaled, backdrop), expected, atol=1e-5)


@given(_seeds, st.integers(1, 3), st.integers(1, 3))
def test_clipped_layers_replace_the_colour_of_the_base_and_keep_its_alpha(seed: int, bases: int, tops: int) -> None:
    rng = np.random.default_rng(seed)
    base, clipped = _fragments(rng, bases), _fragments(rng, tops)
    result = _painted(clip(base, clipped, base), np.zeros((_SIDE, _SIDE, 4)))
    alone = _painted(base, np.zeros((_SIDE, _SIDE, 4)))
    alpha = alone[..., 3:]
    colour = np.divide(alone[..., :3], alpha, out=np.zeros((_SIDE, _SIDE, 3)), where=alpha > 0)
    for fragment in clipped:
        paint, share = _placed(fragment)
        colour = share * paint + (1 - share) * colour
    np.testing.assert_allclose(result, np.concatenate([colour * alpha, alpha], axis=2), atol=1e-5)


@given(_seeds, st.integers(1, 4))
def test_a_knockout_scales_what_lies_below(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    fragments = _fragments(rng, count)
    hole = rng.choice([0, 0.5, 1], (_SIDE, _SIDE)).astype(np.float32)
    left = erase(fragments, Coverage(0.0, (0, 0, _SIDE, _SIDE), hole))
    whole = _painted(fragments, np.zeros((_SIDE, _SIDE, 4)))
    empty = np.zeros((_SIDE, _SIDE, 4))
    np.testing.assert_allclose(_painted(left, empty), whole * (1 - hole[..., np.newaxis]), atol=1e-5)


@given(_seeds)
def test_full_coverage_is_the_identity(seed: int) -> None:
    fragments = _fragments(np.random.default_rng(seed), 3)
    assert all(a is b for a, b in zip(scale(fragments, Coverage()), fragments, strict=True))


@given(_seeds, st.integers(1, 4))
def test_total_alpha_is_that_of_the_picture(seed: int, count: int) -> None:
    fragments = _fragments(np.random.default_rng(seed), count)
    picture = _painted(fragments, np.zeros((_SIDE, _SIDE, 4)))
    np.testing.assert_allclose(total_alpha(fragments, (0, 0, _SIDE, _SIDE)), picture[..., 3], atol=1e-6)
