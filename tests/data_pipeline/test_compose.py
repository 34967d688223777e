"""Composites against float64 alpha-blending written out."""

from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from data_pipeline.compose import compose, strips
from schemas.stack import PlainLayer, Stack


def random_stack(seed: int, width: int = 23, height: int = 17, count: int = 5) -> Stack:
    rng = np.random.default_rng(seed)
    layers = []
    for index in range(count):
        left, top = int(rng.integers(0, width - 1)), int(rng.integers(0, height - 1))
        right, bottom = int(rng.integers(left + 1, width + 1)), int(rng.integers(top + 1, height + 1))
        rgba = rng.integers(0, 256, (bottom - top, right - left, 4)).astype(np.uint8)
        rgba[..., 3] = rng.choice([0, 1, 128, 254, 255], rgba.shape[:2])
        rgba[rgba[..., 3] == 0] = 0
        layers.append(PlainLayer((left, top, right, bottom), rgba, (index,)))
    return Stack(width, height, tuple(layers))


def blended(stack: Stack) -> np.ndarray:
    """Premultiplied float64 RGBA."""
    canvas = np.zeros((stack.height, stack.width, 4))
    for layer in stack.layers:
        left, top, right, bottom = layer.box
        rgba = layer.rgba / 255.0
        alpha = rgba[..., 3:]
        below = canvas[top:bottom, left:right]
        canvas[top:bottom, left:right] = np.concatenate([rgba[..., :3] * alpha, alpha], 2) + (1 - alpha) * below
    return canvas


@given(st.integers(0, 2**32 - 1), st.integers(0, 6))
def test_equals_float64_blending(seed: int, count: int) -> None:
    stack = random_stack(seed, count=count)
    expected, ours = blended(stack), compose(stack).astype(float)
    np.testing.assert_allclose(ours[..., 3], expected[..., 3] * 255, atol=0.501)
    straight = expected[..., :3] / np.maximum(expected[..., 3:], 1e-12) * 255
    seen = ours[..., 3] > 0
    np.testing.assert_allclose(ours[..., :3][seen], straight[seen], atol=0.51)
    assert not ours[..., :3][~seen].any()


def test_a_large_canvas_is_composed_strip_by_strip() -> None:
    width, height = 3000, 40
    ranges = list(strips(width, height))
    assert len(ranges) > 3
    assert ranges[0][0] == 0
    assert ranges[-1][1] == height
    assert all(a[1] == b[0] for a, b in pairwise(ranges))
    stack = random_stack(1, width, height, 6)
    expected = blended(stack)
    np.testing.assert_allclose(compose(stack)[..., 3], expected[..., 3] * 255, atol=0.501)
