"""Stacks for the evaluation of edits: a ground, and solid shapes in colours of their own that can stand apart."""

import numpy as np

from schemas.stack import Box, PlainLayer, Stack

WIDTH, HEIGHT = 64, 48


def solid(box: Box, colour: tuple[int, int, int], alpha: int = 255) -> PlainLayer:
    return PlainLayer(box, np.full((box[3] - box[1], box[2] - box[0], 4), (*colour, alpha), np.uint8))


def apart() -> Stack:
    """Three shapes that do not overlap, on an opaque ground."""
    return Stack(
        WIDTH,
        HEIGHT,
        (
            solid((0, 0, WIDTH, HEIGHT), (240, 240, 240)),
            solid((4, 4, 20, 16), (200, 0, 0)),
            solid((30, 6, 50, 14), (0, 150, 0)),
            solid((10, 26, 24, 44), (0, 0, 180), 128),
        ),
    )


def noisy(seed: int, count: int) -> Stack:
    """Layers of noise anywhere, over no ground."""
    noise = np.random.default_rng(seed)
    layers = []
    for _ in range(count):
        left, top = int(noise.integers(0, WIDTH - 12)), int(noise.integers(0, HEIGHT - 12))
        right, bottom = int(noise.integers(left + 10, WIDTH + 1)), int(noise.integers(top + 10, HEIGHT + 1))
        rgba = noise.integers(0, 256, (bottom - top, right - left, 4), np.uint8)
        rgba[rgba[..., 3] < 60] = 0
        layers.append(PlainLayer((left, top, right, bottom), rgba))
    return Stack(WIDTH, HEIGHT, tuple(layers))
