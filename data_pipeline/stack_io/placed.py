"""A picture at a place -> a layer of a canvas; and a layer as a document places its pictures, with a pixel at least."""

from dataclasses import replace

import numpy as np

from data_pipeline.boxes import intersect, view
from schemas.stack import PlainLayer, Stack


def placed(
    rgba: np.ndarray, left: int, top: int, canvas: tuple[int, int], name: str, groups: tuple[str, ...]
) -> PlainLayer:
    """Cropped to a canvas of (width, height). A picture beside it is an empty layer at the nearest corner."""
    height, width = rgba.shape[:2]
    box = (left, top, left + width, top + height)
    inner = intersect(box, (0, 0, *canvas))
    if inner is None:
        left, top = min(max(left, 0), canvas[0]), min(max(top, 0), canvas[1])
        return PlainLayer((left, top, left, top), np.zeros((0, 0, 4), np.uint8), name=name, groups=groups)
    return PlainLayer(inner, np.ascontiguousarray(view(rgba, box, inner)), name=name, groups=groups)


def with_a_pixel(layer: PlainLayer, stack: Stack) -> PlainLayer:
    """The layer; where its box is empty, one transparent pixel in its place."""
    if layer.rgba.size:
        return layer
    left, top = min(layer.box[0], stack.width - 1), min(layer.box[1], stack.height - 1)
    return replace(layer, box=(left, top, left + 1, top + 1), rgba=np.zeros((1, 1, 4), np.uint8))
