"""The layers of a sample, or one picture, and a recipe in, its frames out.

Frames are uint8 straight RGBA [F, H, W, 4], RGB 0 where alpha is 0. Every layer is resized by itself, on its box, and
the composite is blended anew of the frames, so that they compose whatever was resized, merged or laid beneath.
"""

import numpy as np

from data_pipeline.compose import compose
from data_pipeline.resize import Axis, axis, resample
from schemas.stack import PlainLayer, Stack
from training.recipes import Recipe, Size


def layered_frames(stack: Stack, recipe: Recipe) -> np.ndarray:
    """The composite, the ground where there is one, the groups and the blanks."""
    width, height = recipe.size
    frames = np.zeros((recipe.frames, height, width, 4), np.uint8)
    parts = []
    if recipe.ground is not None:
        frames[1] = (*recipe.ground, 255)
        parts.append(_whole(frames[1]))
    layers = resized(stack, recipe.size)
    for first, last in recipe.groups:
        frame = frames[1 + len(parts)]
        part = layers[first] if last == first + 1 else _whole(compose(Stack(width, height, layers[first:last])))
        _paste(part, frame)
        parts.append(part)
    frames[0] = compose(Stack(width, height, tuple(parts)))
    return frames


def picture_frame(picture: PlainLayer, canvas: Size, recipe: Recipe) -> np.ndarray:
    """One frame: a picture on its canvas, on the ground where the recipe has one."""
    width, height = recipe.size
    frames = np.zeros((1, height, width, 4), np.uint8)
    layers = resized(Stack(*canvas, (picture,)), recipe.size)
    if recipe.ground is None:
        _paste(layers[0], frames[0])
    else:
        frames[0] = (*recipe.ground, 255)
        frames[0] = compose(Stack(width, height, (_whole(frames[0]), *layers)))
    return frames


def resized(stack: Stack, size: Size) -> tuple[PlainLayer, ...]:
    """Each layer on a canvas of `size`, smaller or larger."""
    if size == (stack.width, stack.height):
        return stack.layers
    across, down = axis(stack.width, size[0]), axis(stack.height, size[1])
    return tuple(_resized(layer, across, down) for layer in stack.layers)


def _resized(layer: PlainLayer, across: Axis, down: Axis) -> PlainLayer:
    rgba, box = resample(layer.rgba, layer.box, across, down)
    return PlainLayer(box, rgba)


def _whole(frame: np.ndarray) -> PlainLayer:
    return PlainLayer((0, 0, frame.shape[1], frame.shape[0]), frame)


def _paste(layer: PlainLayer, frame: np.ndarray) -> None:
    left, top, right, bottom = layer.box
    frame[top:bottom, left:right] = layer.rgba
