"""Drawn documents as detectors see them."""

import io
from collections.abc import Sequence

import numpy as np

from data_pipeline.anomaly import Scene, Subject
from data_pipeline.colour import colour_space
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Node, Pixels, draw_bytes
from data_pipeline.flatten import flatten
from data_pipeline.flatten.node import Node as FlatNode
from schemas.options import CurateOptions
from schemas.stack import PlainLayer, Stack

WIDTH, HEIGHT = 320, 240


def filled(colour: tuple[int, ...], width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """One colour, RGB or RGBA, as uint8 RGBA."""
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., : len(colour)] = colour
    return rgba


GROUND = Pixels(name="Background", rgba=filled((240, 230, 210)))


def subject(layers: Sequence[Node], name: str | None = None, width: int = WIDTH, height: int = HEIGHT) -> Subject:
    """The layer of this name, else the topmost, of layers drawn and flattened."""
    document = open_document(
        io.BytesIO(draw_bytes(width, height, layers, has_stored=False)), CurateOptions(no_stored_image="keep")
    )
    assert isinstance(document, Document)
    flat = flatten(document, colour_space(document))
    nodes = [tuple(flat.nodes[layer_id] for layer_id in layer.layer_ids) for layer in flat.stack.layers]
    index = len(nodes) - 1
    if name is not None:
        (index,) = (place for place, own in enumerate(nodes) if own[0].name == name)
    return Subject(flat.stack.layers[index], nodes[index], Scene(flat.stack), index)


def called(name: str, text: str | None = None, group: str = "", rgba: np.ndarray | None = None) -> Subject:
    """A layer of this name over a ground, a type layer where it has a text."""
    node = FlatNode(0, None, None, "type" if text else "pixel", name, group, text, "normal", 1.0, 1.0, False, None)
    rgba = filled((200, 40, 90), 60, 40) if rgba is None else rgba
    layers = tuple(PlainLayer((0, 0, one.shape[1], one.shape[0]), one) for one in (filled((255, 255, 255)), rgba))
    return Subject(layers[1], (node,), Scene(Stack(WIDTH, HEIGHT, layers)), 1)
