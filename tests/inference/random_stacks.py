"""Small stacks of noise, and edits of them, for property tests."""

import numpy as np
from hypothesis import strategies as st

from inference.edits import Edit, Move, Opacity, Recolour, Remove, Reorder, Replace, Resize, Rotate
from schemas.stack import PlainLayer, Stack

WIDTH, HEIGHT = 31, 23


def noise_stack(seed: int, count: int) -> Stack:
    noise = np.random.default_rng(seed)
    return Stack(WIDTH, HEIGHT, tuple(noise_layer(noise, f"layer {index}") for index in range(count)))


def noise_layer(noise: np.random.Generator, name: str) -> PlainLayer:
    """Somewhere, with holes; its box may be larger than what it shows."""
    left, top = int(noise.integers(0, WIDTH - 2)), int(noise.integers(0, HEIGHT - 2))
    right, bottom = int(noise.integers(left + 1, WIDTH + 1)), int(noise.integers(top + 1, HEIGHT + 1))
    rgba = noise.integers(0, 256, (bottom - top, right - left, 4), np.uint8)
    rgba[..., 3] = noise.choice([0, 1, 128, 255], rgba.shape[:2])
    rgba[0, 0, 3] = 200  # shows something
    rgba[rgba[..., 3] == 0] = 0
    return PlainLayer((left, top, right, bottom), rgba, name=name)


def on_canvas(layer: PlainLayer, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    canvas = np.zeros((height, width, 4), np.uint8)
    left, top, right, bottom = layer.box
    canvas[top:bottom, left:right] = layer.rgba
    return canvas


def stacks(least: int = 1, most: int = 5) -> st.SearchStrategy[Stack]:
    return st.builds(noise_stack, st.integers(0, 2**32 - 1), st.integers(least, most))


@st.composite
def edits_of(draw: st.DrawFn, count: int) -> Edit:
    """Any edit of one of `count` layers."""
    layer = draw(st.integers(0, count - 1))
    factor = st.floats(0.05, 5)
    colour = st.integers(0, 255)
    picture = np.random.default_rng(draw(st.integers(0, 99))).integers(1, 256, (5, 9, 4), np.uint8)
    kinds: list[st.SearchStrategy[Edit]] = [
        st.builds(Move, st.just(layer), st.integers(-40, 40), st.integers(-40, 40)),
        st.builds(Resize, st.just(layer), st.tuples(factor, factor)),
        st.builds(Resize, st.just(layer), st.none(), st.sampled_from([(-5, 3, 8, 90), (2, 2, 3, 3), (90, 90, 99, 99)])),
        st.builds(Rotate, st.just(layer), st.floats(-400, 400) | st.sampled_from([90, -90, 180])),
        st.builds(Recolour, st.just(layer), st.tuples(colour, colour, colour)),
        st.builds(Opacity, st.just(layer), st.floats(0, 1)),
        st.builds(Reorder, st.just(layer), st.integers(0, count - 1)),
        st.just(Replace(layer, picture)),
    ]
    return draw(st.one_of(kinds if count == 1 else [*kinds, st.just(Remove(layer))]))
