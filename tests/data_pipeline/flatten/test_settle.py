"""Settling: alphas rounded so that the picture stays, against the rule written out in numpy."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.settle import settle

_SIDE = 9
_CANVAS = (0, 0, _SIDE, _SIDE)
_seeds = st.integers(0, 2**32 - 1)


def _fragments(rng: np.random.Generator, count: int) -> list[Fragment]:
    """Every third alpha is exact."""
    fragments = []
    for index in range(count):
        left, top = (int(at) for at in rng.integers(0, _SIDE - 4, 2))
        right, bottom = int(rng.integers(left + 2, _SIDE + 1)), int(rng.integers(top + 2, _SIDE + 1))
        rgba = rng.integers(0, 256, (bottom - top, right - left, 4)).astype(np.uint8)
        rgba[rgba[..., 3] == 0] = 0
        alpha = None if rng.random() < 1 / 3 else (rng.random(rgba.shape[:2]) * 0.4).astype(np.float32)
        fragments.append(Fragment((left, top, right, bottom), rgba, alpha, (index,)))
    return fragments


def _placed(rgba: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = box
    whole = np.zeros((_SIDE, _SIDE, *rgba.shape[2:]), rgba.dtype)
    whole[top:bottom, left:right] = rgba
    return whole


def _nearest(fragment: Fragment) -> np.ndarray:
    """On the whole canvas, in steps."""
    exact = _placed(fragment.exact_alpha(), fragment.box)
    return np.floor(exact * np.float32(255) + np.float32(0.5)).astype(int)


def _written_out(fragments: list[Fragment]) -> list[np.ndarray]:
    """The stored alphas on the whole canvas, in steps."""
    doubt = np.zeros((_SIDE, _SIDE))
    for fragment in fragments:
        if fragment.alpha is not None:
            near = _nearest(fragment) / 255
            doubt = (1 - near) * doubt + np.abs(near - _placed(fragment.alpha, fragment.box))
    picture, error = np.zeros((_SIDE, _SIDE, 4)), np.zeros((_SIDE, _SIDE, 4))
    alphas = []
    for fragment in fragments:
        exact = _placed(fragment.exact_alpha(), fragment.box)
        colour = np.ones((_SIDE, _SIDE, 4))
        colour[..., :3] = _placed(fragment.rgba, fragment.box)[..., :3] / 255
        near = _nearest(fragment)
        exact = exact.astype(np.float64)
        other = np.where(near / 255 > exact, near - 1, near + 1)
        left = [
            (1 - step[..., None] / 255) * error + (step / 255 - exact)[..., None] * (colour - picture)
            for step in (near, other)
        ]
        off = [np.abs(one).max(axis=2) for one in left]
        is_soft = (exact > 0) & (fragment.alpha is not None)
        turns = is_soft & (doubt > 0.6 / 255) & (off[0] > 0.6 / 255) & (off[1] < off[0])
        alphas.append(np.where(turns, other, near))
        error = np.where(turns[..., None], left[1], left[0])
        picture += exact[..., None] * (colour - picture)
    return alphas


@given(_seeds, st.integers(1, 12))
def test_the_alphas_are_those_of_the_rule(seed: int, count: int) -> None:
    fragments = _fragments(np.random.default_rng(seed), count)
    settled = {one.layer_ids[0]: _placed(rgba, box)[..., 3] for one, box, rgba in settle(fragments, _CANVAS)}
    for index, alpha in enumerate(_written_out(fragments)):
        assert np.array_equal(settled.get(index, np.zeros((_SIDE, _SIDE))), alpha)


@given(_seeds, st.integers(1, 12))
def test_colours_stay_and_alphas_move_by_less_than_a_step(seed: int, count: int) -> None:
    fragments = _fragments(np.random.default_rng(seed), count)
    for fragment, box, rgba in settle(fragments, _CANVAS):
        own = fragment.crop(box)
        assert own is not None
        seen = rgba[..., 3] > 0
        assert np.array_equal(rgba[seen][:, :3], own.rgba[seen][:, :3])
        assert not rgba[~seen].any()
        assert np.abs(rgba[..., 3] / 255 - own.exact_alpha()).max() < 1 / 255


@given(_seeds)
def test_of_one_soft_layer_every_alpha_is_the_nearest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    alpha = rng.random((_SIDE, _SIDE)).astype(np.float32)
    below = Fragment(_CANVAS, rng.integers(0, 256, (_SIDE, _SIDE, 4)).astype(np.uint8), None, (0,))
    soft = Fragment(_CANVAS, rng.integers(0, 256, (_SIDE, _SIDE, 4)).astype(np.uint8), alpha, (1,))
    (_, box, rgba) = settle([below, soft], _CANVAS)[-1]
    assert np.array_equal(_placed(rgba, box)[..., 3], np.rint(alpha * 255))


def test_the_halves_of_many_layers_do_not_add_up() -> None:
    """Thirty layers of one colour, each 0.4 of a step: the nearest steps would leave nothing of them."""
    rgba = np.full((_SIDE, _SIDE, 4), 255, np.uint8)
    ground = Fragment(_CANVAS, rgba * np.array([0, 0, 0, 1], np.uint8), None, (0,))
    faint = np.full((_SIDE, _SIDE), 0.4 / 255, np.float32)
    layers = [Fragment(_CANVAS, rgba, faint, (k + 1,)) for k in range(30)]
    light = 0.0
    for _, _, kept in settle([ground, *layers], _CANVAS)[1:]:
        alpha = kept[0, 0, 3] / 255
        light += alpha * (1 - light)
    assert abs(light - (1 - (1 - 0.4 / 255) ** 30)) < 0.6 / 255


def test_what_rounds_to_nothing_is_no_layer() -> None:
    rgba = np.full((_SIDE, _SIDE, 4), 255, np.uint8)
    assert settle([Fragment(_CANVAS, rgba, np.full((_SIDE, _SIDE), 0.4 / 255, np.float32), (0,))], _CANVAS) == []
