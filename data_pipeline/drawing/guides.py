"""Guides and grids as designers leave them on a canvas, and lines that belong to a design."""

from collections.abc import Sequence

import numpy as np

from data_pipeline.drawing.inks import Ink, tinted
from data_pipeline.drawing.layers import Node, Pixels

_GUIDE_INKS: tuple[Ink, ...] = ((0, 255, 255), (255, 0, 255), (74, 158, 255), (255, 60, 60))


def _lines(
    rng: np.random.Generator, width: int, height: int, name: str, across: Sequence[float], along: Sequence[float]
) -> Node:
    """Thin lines over the whole canvas: at these heights, and at these distances from the left."""
    plane = np.zeros((height, width), np.uint8)
    thick, ink = int(rng.integers(1, 3)), _GUIDE_INKS[int(rng.integers(len(_GUIDE_INKS)))]
    for y in across:
        plane[round(y) : round(y) + thick] = 255
    for x in along:
        plane[:, round(x) : round(x) + thick] = 255
    return Pixels(name=name, rgba=tinted(plane, ink), opacity=int(rng.integers(60, 256)))


def rulers(rng: np.random.Generator, width: int, height: int) -> Node:
    """Lines in both directions, wherever somebody dragged them."""
    heights, lefts = (rng.uniform(0.05, 0.95, int(rng.integers(2, 6))) * side for side in (height, width))
    return _lines(rng, width, height, "Layer 7", heights.tolist(), lefts.tolist())


def named_rulers(rng: np.random.Generator, width: int, height: int) -> Node:
    """One or a few lines on a layer that says what it is."""
    names = ("Guides", "guide lines", "Grid", "margins", "Safe area", "Rulers", "GUIDES (hide me)", "12 column grid")
    heights = rng.uniform(0.05, 0.95, int(rng.integers(1, 4))) * height
    return _lines(rng, width, height, names[int(rng.integers(len(names)))], heights.tolist(), [])


def thirds(rng: np.random.Generator, width: int, height: int) -> Node:
    parts = (1 / 3, 2 / 3) if rng.random() < 0.7 else (0.382, 0.618)
    return _lines(rng, width, height, "Layer 2", [p * height for p in parts], [p * width for p in parts])


def baseline(rng: np.random.Generator, width: int, height: int) -> Node:
    period = int(rng.integers(8, 28))
    return _lines(rng, width, height, "Layer 5 copy", range(int(rng.integers(period)), height - 2, period), [])


def square_grid(rng: np.random.Generator, width: int, height: int) -> Node:
    period = int(rng.integers(10, 80))
    return _lines(rng, width, height, "Layer 1", range(period, height - 2, period), range(period, width - 2, period))


def columns(rng: np.random.Generator, width: int, height: int) -> Node:
    """Translucent columns with gutters, within margins."""
    count = int(rng.choice([4, 6, 8, 12, 16]))
    margin, share = width * rng.uniform(0.02, 0.12), rng.uniform(0.65, 0.9)
    period = (width - 2 * margin) / (count - 1 + share)
    plane = np.zeros((height, width), np.uint8)
    for index in range(count):
        left = round(margin + index * period)
        plane[:, left : left + round(period * share)] = 255
    ink = _GUIDE_INKS[int(rng.integers(len(_GUIDE_INKS)))]
    return Pixels(name="Layer 3", rgba=tinted(plane, ink), opacity=int(rng.integers(20, 90)))
