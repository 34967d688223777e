"""A layer stack and edits in, the edited stack out. Layers that no edit names are the same arrays afterwards.

An edit acts on a layer's frame, the smallest box around what it shows: it is turned and scaled about the frame's
middle, and a picture is fitted into the frame. Every result is cut off by the canvas: what once left it is gone. A
layer that ends up showing nothing stays in the stack, empty, so that no other's index changes.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from data_pipeline.boxes import intersect, shifted, tight, view
from inference.addresses import find
from inference.edits import Edit, Move, Opacity, Recolour, Remove, Reorder, Replace, Resize, Rotate, operation
from inference.mapping import MAX_SIDE_PX, mapped
from inference.recolouring import recoloured
from inference.rotation import turned
from schemas.stack import Box, PlainLayer, Stack

_Painted = tuple[np.ndarray, Box] | None  # pixels and where they lie; None where none are left


def apply_edits(stack: Stack, edits: Sequence[Edit]) -> Stack:
    """One after another, each on what the one before has left: an index is that of the stack at that time.

    Raises ValueError that names the edit: a layer that is not there, an edit that needs a layer that shows something,
    or a stack of which nothing is left.
    """
    for number, edit in enumerate(edits, 1):
        try:
            index = find(stack, edit.layer)
            stack = edit_layer(stack, index, edit, frame_of(stack.layers[index]))
            if not stack.layers:
                raise ValueError("it is the only layer, and a stack without layers is none")
        except ValueError as error:
            raise ValueError(f"edit {number}, {operation(edit)} layer {edit.layer!r}: {error}") from error
    return stack


def frame_of(layer: PlainLayer) -> Box | None:
    """The smallest box around the pixels that it shows; None where it shows none."""
    return tight(layer.rgba, layer.box)


def edit_layer(stack: Stack, index: int, edit: Edit, frame: Box | None) -> Stack:
    """The stack with one edit of the layer at `index`, whatever the edit's address, on that frame."""
    layers = list(stack.layers)
    if isinstance(edit, Remove):
        del layers[index]
    elif isinstance(edit, Reorder):
        if not 0 <= edit.to < len(layers):
            raise ValueError(f"there is no index {edit.to}; a layer's lies in 0 (bottom) to {len(layers) - 1} (top)")
        layers.insert(edit.to, layers.pop(index))
    else:
        layers[index] = edited(layers[index], edit, frame, (stack.width, stack.height))
    return replace(stack, layers=tuple(layers))


def edited(
    layer: PlainLayer,
    edit: Move | Resize | Rotate | Recolour | Opacity | Replace,
    frame: Box | None,
    canvas: tuple[int, int],
) -> PlainLayer:
    """One layer on a canvas (width, height). An edit that changes nothing gives the layer itself."""
    if isinstance(edit, Replace):
        if frame is None:
            raise ValueError("it shows nothing, so there is no box to fit a picture into")
        picture = _fitted(edit.picture, frame, canvas)
        return replace(_painted(layer, picture), layer_ids=(), owner_id=None, baked=False, backdrop_dependence=0.0)
    if frame is None or _changes_nothing(edit, frame):
        return layer
    if isinstance(edit, Opacity):
        return replace(layer, rgba=_thinned(layer.rgba, edit.value))
    if isinstance(edit, Recolour):
        return replace(layer, rgba=recoloured(layer.rgba, edit.colour))
    if isinstance(edit, Move):
        return _painted(layer, _moved(layer, edit.dx, edit.dy, canvas))
    box = tight(layer.rgba, layer.box)
    if box is None:
        return layer
    rgba = view(layer.rgba, layer.box, box)
    if isinstance(edit, Rotate):
        return _painted(layer, turned(rgba, box, edit.degrees, frame, canvas))
    return _painted(layer, mapped(rgba, box, frame, _resized(frame, edit), canvas))


def _changes_nothing(edit: Move | Resize | Rotate | Recolour | Opacity, frame: Box) -> bool:
    match edit:
        case Move(dx=dx, dy=dy):
            return dx == dy == 0
        case Resize():
            return _resized(frame, edit) == frame
        case Rotate(degrees=degrees):
            return degrees % 360 == 0
        case Opacity(value=value):
            return value == 1
    return False


def _painted(layer: PlainLayer, painted: _Painted) -> PlainLayer:
    """The layer with these pixels; empty, at the corner of the canvas, without any."""
    rgba, box = painted if painted is not None else (np.zeros((0, 0, 4), np.uint8), (0, 0, 0, 0))
    return replace(layer, rgba=np.ascontiguousarray(rgba), box=box)


def _moved(layer: PlainLayer, dx: int, dy: int, canvas: tuple[int, int]) -> _Painted:
    there = shifted(layer.box, dx, dy)
    seen = intersect(there, (0, 0, *canvas))
    return None if seen is None else (view(layer.rgba, there, seen), seen)


def _thinned(rgba: np.ndarray, value: float) -> np.ndarray:
    """Alpha times `value`, rounded half up; RGB 0 where that is 0."""
    alpha = np.floor(np.arange(256) * value + 0.5).astype(np.uint8)[rgba[..., 3]]
    thinned = np.where(alpha[..., np.newaxis] == 0, np.uint8(0), rgba)
    thinned[..., 3] = alpha
    return thinned


def _resized(frame: Box, edit: Resize) -> Box:
    """What becomes of the frame: edges on whole pixels, rounded half up, and at least a pixel apart."""
    if edit.scale is None:
        box = edit.box
        assert box is not None, "a resize has one of the two"
    else:
        left, right = _scaled(frame[0], frame[2], edit.scale[0])
        top, bottom = _scaled(frame[1], frame[3], edit.scale[1])
        box = (left, top, right, bottom)
    if max(box[2] - box[0], box[3] - box[1]) > MAX_SIDE_PX:
        raise ValueError(f"it would become {box[2] - box[0]:,} x {box[3] - box[1]:,} px; the limit is {MAX_SIDE_PX:,}")
    return box


def _scaled(start: int, end: int, factor: float) -> tuple[int, int]:
    side = max(1, math.floor(min((end - start) * factor, 1e15) + 0.5))
    first = math.floor((start + end - side) / 2 + 0.5)
    return first, first + side


def _fitted(picture: np.ndarray, frame: Box, canvas: tuple[int, int]) -> _Painted:
    """As large as fits into the frame in its own aspect, in the middle."""
    height, width = picture.shape[:2]
    factor = min((frame[2] - frame[0]) / width, (frame[3] - frame[1]) / height)
    across, down = (max(1, math.floor(side * factor + 0.5)) for side in (width, height))
    left, top = (frame[0] + frame[2] - across) // 2, (frame[1] + frame[3] - down) // 2
    whole = (0, 0, width, height)
    return mapped(picture, whole, whole, (left, top, left + across, top + down), canvas)
