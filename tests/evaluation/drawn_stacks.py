"""Stacks of flat rectangles, as objects and on disk."""

from pathlib import Path

import numpy as np

from data_pipeline.stack_io.formats import write_stack
from schemas.stack import Box, PlainLayer, Stack

Paint = tuple[Box, tuple[int, int, int, int]]

RED, GREEN, BLUE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)
GROUND: Paint = ((0, 0, 24, 16), (200, 200, 200, 255))
LEFT: Paint = ((2, 2, 10, 10), RED)
RIGHT: Paint = ((8, 4, 20, 12), GREEN)
DOT: Paint = ((9, 5, 12, 8), BLUE)


def painted(*paints: Paint, width: int = 24, height: int = 16) -> Stack:
    """One layer for each (box, colour), bottom first."""
    layers = []
    for box, colour in paints:
        rgba = np.empty((box[3] - box[1], box[2] - box[0], 4), np.uint8)
        rgba[...] = colour
        layers.append(PlainLayer(box, rgba))
    return Stack(width, height, tuple(layers))


def written(folder: Path, **stacks: Stack) -> Path:
    """A folder of stacks, each a folder of PNGs of its name."""
    for name, stack in stacks.items():
        write_stack(stack, folder / name)
    return folder
