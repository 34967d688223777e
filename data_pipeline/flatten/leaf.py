"""A leaf of the layer tree -> its own paint: the cached raster of pixels, type and shapes, or a drawn fill.

Masks, opacity, effects and blending come later (`walk`).
"""

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.api.shape import Stroke as VectorStroke
from psd_tools.composite import paint, vector
from psd_tools.composite.utils import has_fill, is_fill_disabled
from psd_tools.constants import ChannelID, ColorMode, StrokeAlignment, Tag
from psd_tools.terminology import Enum, Key

from data_pipeline.boxes import intersect, size, view
from data_pipeline.colour import ColourSpace, to_rgb
from data_pipeline.flatten.coverage import mask_frame
from data_pipeline.flatten.fragment import Fragment, interleave
from data_pipeline.pixels import layer_planes
from data_pipeline.tagged_blocks import FILLS, UNREADABLE, parse_patterns
from schemas.stack import Box

_COLOUR_PLANES = {ColorMode.CMYK: 4, ColorMode.GRAYSCALE: 1, ColorMode.DUOTONE: 1}


class UndrawnFill(Exception):
    """A fill or a vector stroke that psd-tools cannot draw."""


def read_leaf(layer: Layer, layer_id: int, space: ColourSpace, canvas: Box) -> Fragment | None:
    """The paint inside the canvas; None where there is none. Raises DamagedPixels and UndrawnFill."""
    if layer.has_pixels():
        return _raster(layer, layer_id, space, canvas)
    if has_fill(layer):
        return _drawn(layer, layer_id, space, canvas)
    return None


def _raster(layer: Layer, layer_id: int, space: ColourSpace, canvas: Box) -> Fragment | None:
    record = layer._record
    box = (record.left, record.top, record.right, record.bottom)
    inner = intersect(box, canvas)
    if inner is None:
        return None
    planes = {channel: view(plane, box, inner) for channel, plane in layer_planes(layer).items()}
    alpha = planes.get(int(ChannelID.TRANSPARENCY_MASK))
    if alpha is None:
        alpha = np.broadcast_to(np.uint8(255), size(inner))
    count = _COLOUR_PLANES.get(space.mode, 3)
    black = np.broadcast_to(np.uint8(0), size(inner))  # a colour channel that the file leaves out
    colours = [planes.get(channel, black) for channel in range(count)]
    if space.mode == ColorMode.RGB:
        return Fragment(inner, interleave(colours[0], colours[1], colours[2], alpha), None, (layer_id,))
    rgb = to_rgb(space, colours)
    return Fragment(inner, interleave(rgb[..., 0], rgb[..., 1], rgb[..., 2], alpha), None, (layer_id,))


def _drawn(layer: Layer, layer_id: int, space: ColourSpace, canvas: Box) -> Fragment | None:
    """A fill or shape without cached pixels: psd-tools draws its fill and its vector stroke.

    The path that bounds the fill is the layer's vector mask and is applied with the masks, but for a
    shape with a stroke, which reaches beyond the path.
    """
    box = intersect(tuple(layer.bbox), canvas)
    frame = mask_frame(layer)
    if box is not None and frame is not None:
        box = intersect(box, frame)
    if box is None:
        return None
    if any(tag in layer.tagged_blocks for tag in (Tag.PATTERN_FILL_SETTING, Tag.VECTOR_STROKE_CONTENT_DATA)):
        parse_patterns(layer._psd)
    try:
        colour, shape = _fill(layer, box)
    except UNREADABLE as error:
        raise UndrawnFill(f"{type(error).__name__}: {error}") from error
    if colour is None:
        return _painted(box, np.zeros((*size(box), 3), np.uint8), np.zeros(size(box), np.float32), (layer_id,))
    alpha = None if shape is None else shape[..., 0].astype(np.float32)
    return _painted(box, drawn_rgb(space, colour), alpha, (layer_id,))


def _fill(layer: Layer, box: Box) -> tuple[np.ndarray | None, np.ndarray | None]:
    """psd-tools' drawing of the part of a fill on `box`, laid out on the layer's whole box: (colour, coverage)."""
    if is_fill_disabled(layer):
        return None, None
    mode, whole = layer._psd.color_mode, tuple(layer.bbox)
    descriptors = map(layer.tagged_blocks.get_data, (*FILLS, Tag.VECTOR_STROKE_CONTENT_DATA))
    descriptor = next((one for one in descriptors if one is not None), None)
    if descriptor is None:
        return None, None
    if Key.Color in descriptor:
        colour, _ = paint.draw_solid_color_fill((0, 0, 1, 1), mode, descriptor)
        return np.broadcast_to(colour, (*size(box), colour.shape[2])), None
    if Enum.Pattern in descriptor:
        return paint.draw_pattern_fill(box, layer._psd, descriptor, whole)
    if Key.Gradient in descriptor:
        return paint.draw_gradient_fill(box, mode, descriptor, whole)
    return None, None


def vector_stroke(layer: Layer, space: ColourSpace, canvas: Box) -> Fragment | None:
    """The vector stroke of a shape without cached pixels; a cached raster has its stroke in it already.

    Raises UndrawnFill.
    """
    stroke = layer.stroke
    if layer.has_pixels() or stroke is None or not stroke.enabled or layer.vector_mask is None:
        return None
    try:
        return _drawn_stroke(layer, stroke, space, canvas)
    except UNREADABLE as error:
        raise UndrawnFill(f"{type(error).__name__}: {error}") from error


def _drawn_stroke(layer: Layer, stroke: VectorStroke, space: ColourSpace, canvas: Box) -> Fragment | None:
    width_px = int(np.ceil(float(stroke._data.get("strokeStyleLineWidth", 1.0))))
    reach = 0 if stroke.line_alignment is StrokeAlignment.INNER else width_px
    left, top, right, bottom = layer.bbox
    box = intersect((left - reach, top - reach, right + reach, bottom + reach), canvas)
    if box is None:
        return None
    colour, _ = paint.create_fill_desc(layer, stroke._data.get("strokeStyleContent"), box, tuple(layer.bbox))
    if colour is None:
        return None
    coverage = vector.draw_stroke(layer, box)[..., 0]
    opacity = float(stroke._data.get("strokeStyleOpacity", 100.0)) / 100
    rgb = drawn_rgb(space, colour)
    alpha = (coverage * opacity).astype(np.float32)
    return _painted(box, rgb, alpha, ())


def _painted(box: Box, rgb: np.ndarray, alpha: np.ndarray | None, layer_ids: tuple[int, ...]) -> Fragment:
    """Opaque where there is no `alpha`."""
    shown = np.broadcast_to(np.uint8(255), size(box)) if alpha is None else np.uint8(255) * (alpha > 0)
    return Fragment(box, interleave(rgb[..., 0], rgb[..., 1], rgb[..., 2], shown), alpha, layer_ids)


def drawn_rgb(space: ColourSpace, colour: np.ndarray) -> np.ndarray:
    """What psd-tools drew (float [0, 1], [height, width, channels] of the document's mode) as uint8 RGB."""
    if colour.strides[:2] == (0, 0):  # one colour
        return np.broadcast_to(drawn_rgb(space, colour[:1, :1].copy()), (*colour.shape[:2], 3))
    planes = np.rint(np.clip(colour, 0, 1) * 255).astype(np.uint8)
    if planes.shape[2] == 3 and space.mode in (ColorMode.GRAYSCALE, ColorMode.DUOTONE):
        return np.ascontiguousarray(planes)  # a pattern has a colour mode of its own
    if planes.shape[2] == 1 and space.mode not in (ColorMode.GRAYSCALE, ColorMode.DUOTONE):
        return np.repeat(planes, 3, axis=2)
    return to_rgb(space, [planes[..., channel] for channel in range(planes.shape[2])])
