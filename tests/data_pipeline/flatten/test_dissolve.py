"""Dissolve: a pattern that depends on the place alone, as in Photoshop's own picture."""

from pathlib import Path

import numpy as np
import pytest
from psd_tools.constants import BlendMode

from data_pipeline.drawing import Pixels
from data_pipeline.flatten.dissolve import dissolved, threshold
from data_pipeline.flatten.fragment import Fragment
from tests.data_pipeline.flatten.test_feather import distance_of
from tests.data_pipeline.flatten.test_walk import flattened, ground


def hashed(x: int, y: int) -> float:
    h = (x * 0x9E3779B1 + y * 0x85EBCA77) % 2**32
    h = (h ^ h >> 16) * 0x7FEB352D % 2**32
    h = (h ^ h >> 15) * 0x846CA68B % 2**32
    return (((h ^ h >> 16) >> 8) + 0.5) / 2**24


def of_alpha(alpha: float, box: tuple[int, int, int, int]) -> Fragment:
    shape = (box[3] - box[1], box[2] - box[0])
    return Fragment(box, np.full((*shape, 4), 255, np.uint8), np.full(shape, alpha, np.float32), (0,))


@pytest.mark.parametrize("place", [(0, 0), (1, 0), (-7, 12), (30_000, 299_999)])
def test_the_threshold_is_the_hash_of_the_place(place: tuple[int, int]) -> None:
    assert threshold(*place) == hashed(*place)


@pytest.mark.parametrize("alpha", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_as_many_pixels_are_painted_as_the_alpha_says(alpha: float) -> None:
    painted = dissolved(of_alpha(alpha, (-50, 20, 350, 320))).exact_alpha()
    assert set(np.unique(painted)) <= {0.0, 1.0}
    error = 4 * np.sqrt(alpha * (1 - alpha) / painted.size)
    assert abs(painted.mean() - alpha) <= error


def test_the_pattern_does_not_move_with_the_layer() -> None:
    whole = dissolved(of_alpha(0.5, (0, 0, 40, 40))).exact_alpha()
    assert np.array_equal(dissolved(of_alpha(0.5, (9, 4, 30, 22))).exact_alpha(), whole[4:22, 9:30])


def test_a_dissolving_layer_is_named_and_opaque_where_it_shows() -> None:
    veil = Pixels(rgba=np.full((48, 48, 4), (9, 9, 9, 255), np.uint8), opacity=128, blend_mode=BlendMode.DISSOLVE)
    flat, _ = flattened([ground(), veil])
    assert flat.unsupported == ("dissolve",)
    assert set(np.unique(flat.stack.layers[1].rgba[..., 3])) == {0, 255}


def test_a_hard_layer_dissolves_into_itself() -> None:
    hard = Pixels(rgba=np.full((9, 9, 4), (9, 9, 9, 255), np.uint8), blend_mode=BlendMode.DISSOLVE)
    flat, _ = flattened([ground(), hard])
    assert flat.unsupported == ()
    assert (flat.stack.layers[1].rgba[..., 3] == 255).all()


def test_photoshops_own_noise_is_named(real_psds: Path) -> None:
    _, unsupported = distance_of(real_psds, "psd-tools/d100f770_dissolve.psd")
    assert unsupported == ("dissolve",)
