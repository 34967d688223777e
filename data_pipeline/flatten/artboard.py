"""An artboard -> its box and the opaque ground that it lies on.

The kinds of ground are those of Photoshop's scripting: 1 white, 2 black, 3 transparent, 4 another colour. In
Photoshop's own 9c5e709a_gradient-styles.psd an artboard of kind 3 is transparent, which psd-tools takes for black.
"""

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import Tag
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Key

from data_pipeline.boxes import intersect, size
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.node import Node
from data_pipeline.flatten.tree import Tree
from data_pipeline.tagged_blocks import UNREADABLE
from schemas.stack import Box

_WHITE, _BLACK, _TRANSPARENT, _CUSTOM = 1, 2, 3, 4


def artboard_frame(layer: Layer, window: Box, tree: Tree) -> Box | None:
    """The part of an artboard inside the window, or all of that, named, where its box cannot be read."""
    try:
        return intersect(window, tuple(layer.bbox))
    except UNREADABLE:
        tree.unsupported.add("artboard")
        return window


def ground_of(layer: Layer, owner: Node, frame: Box, tree: Tree) -> list[Fragment]:
    """The ground on `frame`, a layer of its own that the artboard owns; empty where there is none. One that cannot be
    read is named."""
    try:
        colour = _colour(layer)
    except UNREADABLE:
        tree.unsupported.add("artboard_background")
        return []
    if colour is None:
        return []
    rgba = np.full((*size(frame), 4), (*colour, 255), np.uint8)
    node = tree.add_ground(owner)
    return [Fragment(frame, rgba, None, (node.layer_id,), owner.layer_id)]


def _colour(layer: Layer) -> tuple[int, ...] | None:
    data = None
    for tag in (Tag.ARTBOARD_DATA1, Tag.ARTBOARD_DATA2, Tag.ARTBOARD_DATA3):
        data = layer.tagged_blocks.get_data(tag, data)
    if not isinstance(data, Descriptor):
        return None
    kind = data.get(b"artboardBackgroundType")
    if kind is None or int(kind) == _TRANSPARENT:
        return None
    if int(kind) in (_WHITE, _BLACK):
        return (255, 255, 255) if int(kind) == _WHITE else (0, 0, 0)
    if int(kind) != _CUSTOM:
        raise ValueError(f"a ground of kind {int(kind)}")
    values = [float(data[Key.Color][key]) for key in (Key.Red, Key.Green, Key.Blue)]
    return tuple(min(max(round(value), 0), 255) for value in values)
