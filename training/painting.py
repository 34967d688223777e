"""The layers of a sample, or one picture, and a recipe in, its frames out.

Frames are uint8 straight RGBA [F, H, W, 4], RGB 0 where alpha is 0. Every layer is resized by itself, on its box, and
the composite is blended anew of the frames, so that they compose whatever was resized, merged or laid beneath.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

import numpy as np

from data_pipeline.compose import compose_into
from data_pipeline.kernel import packed
from data_pipeline.resize import axis, resample
from schemas.stack import PlainLayer, Stack
from training.recipes import Recipe, Size


def frames_shape(recipe: Recipe) -> tuple[int, int, int, int]:
    """(F, H, W, 4)."""
    return recipe.frames, recipe.size[1], recipe.size[0], 4


def paint_layers(layers: Iterable[PlainLayer], canvas: Size, recipe: Recipe, frames: np.ndarray) -> None:
    """The composite, the ground where there is one, the groups and the blanks. Of `layers`, which come bottom to top,
    one at a time need be in memory. All of `frames` is written to."""
    small = resized(layers, canvas, recipe.size)
    parts = []
    if recipe.ground is not None:
        parts.append(_ground(recipe.ground, frames[1]))
    for first, last in recipe.groups:
        frame, group = frames[1 + len(parts)], list(islice(small, last - first))
        if len(group) == 1:
            _paste(group[0], frame)
            parts += group
        else:
            compose_into(Stack(*recipe.size, tuple(group)), frame)
            parts.append(_whole(frame))
    compose_into(Stack(*recipe.size, tuple(parts)), frames[0])
    frames[1 + len(parts) :] = 0


def paint_picture(picture: PlainLayer, canvas: Size, recipe: Recipe, frames: np.ndarray) -> None:
    """One frame: a picture on its canvas, on the ground where the recipe has one. All of it is written to."""
    (small,) = resized([picture], canvas, recipe.size)
    if recipe.ground is None:
        _paste(small, frames[0])
    else:
        ground = _ground(recipe.ground, np.empty_like(frames[0]))
        compose_into(Stack(*recipe.size, (ground, small)), frames[0])


def resized(layers: Iterable[PlainLayer], canvas: Size, size: Size) -> Iterator[PlainLayer]:
    """Each on a canvas of `size`, smaller or larger. ValueError for a box that leaves its canvas."""
    across, down = _axis(canvas[0], size[0]), _axis(canvas[1], size[1])
    for layer in layers:
        Stack(*canvas, (layer,))
        if size == canvas:
            yield layer
        else:
            rgba, box = resample(layer.rgba, layer.box, across, down)
            yield PlainLayer(box, rgba)
        del layer  # before the next is decoded


_axis = lru_cache(maxsize=512)(axis)  # datasets have few sizes, or each sample's is soon forgotten


def _whole(frame: np.ndarray) -> PlainLayer:
    return PlainLayer((0, 0, frame.shape[1], frame.shape[0]), frame)


def _ground(colour: tuple[int, int, int], frame: np.ndarray) -> PlainLayer:
    """The frame, filled."""
    red, green, blue = colour
    packed(frame)[...] = np.uint32(red | green << 8 | blue << 16 | 0xFF000000)
    return _whole(frame)


def _paste(layer: PlainLayer, frame: np.ndarray) -> None:
    """All of the frame is written to: transparent around the layer."""
    left, top, right, bottom = layer.box
    frame[:top] = frame[bottom:] = 0
    rows = packed(frame)[top:bottom]
    rows[:, :left] = rows[:, right:] = 0
    rows[:, left:right] = packed(layer.rgba)
