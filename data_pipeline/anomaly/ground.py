"""A layer's subject in, whether it is a pattern of the design's ground out: what lies on nothing marks nothing."""

from dataclasses import replace

import numpy as np

from data_pipeline.anomaly.detector import Subject, at_points
from data_pipeline.compose import compose
from schemas.stack import Stack

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
    small = (at_points(layer, step) for layer in stack.layers[: subject.index])
    below = tuple(replace(layer, rgba=np.ascontiguousarray(layer.rgba)) for layer in small)
    seen = compose(Stack(width, height, below)).astype(np.int16)
    edges = [np.abs(np.diff(seen, axis=axis)).max(axis=2) > _EDGE for axis in (0, 1)]
    return max(int(np.count_nonzero(one)) for one in edges) <= _EDGES * width * height
