"""Compositing against Pillow's, bit for bit."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from evaluation.decomposition import over as module
from evaluation.decomposition.cut import cut, cuts_of_array, uncut
from evaluation.decomposition.over import flattened, over, strips_over
from tests.evaluation.drawn_layers import random_pair


def pillow(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    return np.asarray(Image.alpha_composite(Image.fromarray(lower), Image.fromarray(upper)))


@pytest.mark.parametrize("colours", ["ends", *range(60)])
def test_every_pair_of_alphas_is_composited_as_pillow_does(colours: int | str) -> None:
    rng = np.random.default_rng(0 if colours == "ends" else int(colours))
    lower, upper = np.empty((2, 256, 256, 4), np.uint8)
    for rgba in (lower, upper):
        rgba[...] = rng.choice([0, 255], rgba.shape) if colours == "ends" else rng.integers(0, 256, rgba.shape)
    lower[..., 3], upper[..., 3] = np.mgrid[:256, :256]
    np.testing.assert_array_equal(uncut(over(cut(lower), cut(upper)), 256, 256), pillow(lower, upper))


@pytest.mark.parametrize("seed", range(100))
def test_boxes_anywhere_are_composited_as_whole_canvases_are(seed: int) -> None:
    stack, _ = random_pair(seed)
    for (lower, upper), (below, above) in zip(pairwise(stack), pairwise(cuts_of_array(stack)), strict=True):
        np.testing.assert_array_equal(uncut(over(below, above), *stack.shape[2:0:-1]), pillow(lower, upper))


def test_one_layer_flattens_to_itself() -> None:
    """Pillow blends no layer onto nothing: colour under alpha 0 stays."""
    rgba = np.random.default_rng(0).integers(0, 256, (4, 4, 4)).astype(np.uint8)
    rgba[..., 3] = 0
    np.testing.assert_array_equal(uncut(flattened([cut(rgba)]), 4, 4), rgba)


@pytest.mark.parametrize("seed", range(30))
def test_strips_are_the_whole(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STRIP_PX", 24)
    stack, _ = random_pair(seed)
    for lower, upper in pairwise(cuts_of_array(stack)):
        canvas = np.zeros((stack.shape[1], stack.shape[2], 4), np.uint8)
        for (left, top, right, bottom), strip in strips_over(lower, upper):
            canvas.view("<u4")[top:bottom, left:right, 0] = strip
        np.testing.assert_array_equal(canvas, uncut(over(lower, upper), *stack.shape[2:0:-1]))
