"""A layer's subject in, whether it is a pattern of the design's ground out: what lies on nothing marks nothing."""

from dataclasses import replace

import numpy as np

from data_pipeline.anomaly.detector import Subject
from data_pipeline.compose import compose
from schemas.stack import PlainLayer

_POINTS = 256  # along the canvas's longer side, at which the ground is looked at
_EDGE = 16  # in 1/255, between neighbouring points: less is a gradient, or grain
_EDGES = 0.001  # of the points: more, and there is something to see


def is_of_ground(subject: Subject) -> bool:
    """Whether something lies above a layer, and below it nothing but one colour or a gradient."""
    stack = subject.scene.stack
    if all(layer.owner_id in subject.layer.layer_ids for layer in stack.layers[subject.index + 1 :]):
        return False  # but its own effects
    step = -(-max(stack.width, stack.height) // _POINTS)
    width, height = -(-stack.width // step), -(-stack.height // step)
    below = tuple(_points(layer, step) for layer in stack.layers[: subject.index])
    seen = compose(replace(stack, width=width, height=height, layers=below)).astype(np.int16)
    edges = [np.abs(np.diff(seen, axis=axis)).max(axis=2) > _EDGE for axis in (0, 1)]
    return max(int(np.count_nonzero(one)) for one in edges) <= _EDGES * width * height


def _points(layer: PlainLayer, step: int) -> PlainLayer:
    """A layer at every `step`-th point of the canvas."""
    left, top, right, bottom = (-(-side // step) for side in layer.box)
    rgba = layer.rgba[-layer.box[1] % step :: step, -layer.box[0] % step :: step]
    return replace(layer, box=(left, top, right, bottom), rgba=np.ascontiguousarray(rgba))
