"""A leaf of the layer tree -> its own paint under its masks: the raster of pixels, type and shapes, or a drawn fill.

Opacity, effects and blending come later (`walk`).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.api.shape import Stroke as VectorStroke
from psd_tools.composite import vector
from psd_tools.composite.utils import has_fill
from psd_tools.constants import ChannelID, ColorMode, StrokeAlignment

from data_pipeline.boxes import intersect, size, union, view
from data_pipeline.colour import ColourSpace, to_rgb
from data_pipeline.flatten.backdrop import merged
from data_pipeline.flatten.coverage import Coverage, has_soft_path, layer_mask_coverage, mask_frame, paint_box
from data_pipeline.flatten.fragment import Fragment, interleave
from data_pipeline.flatten.node import Node
from data_pipeline.flatten.outline import stroke_opacity
from data_pipeline.flatten.paint import anchor_of_fill, draw_paint, fill_descriptor
from data_pipeline.flatten.tree import Tree
from data_pipeline.pixels import layer_planes
from data_pipeline.tagged_blocks import UNREADABLE
from schemas.reasons import DropReason
from schemas.stack import Box

_COLOUR_PLANES = {ColorMode.CMYK: 4, ColorMode.GRAYSCALE: 1, ColorMode.DUOTONE: 1}


class UndrawnFill(Exception):
    """A fill or a vector stroke that psd-tools cannot draw."""


def masked_leaf(
    layer: Layer, node: Node, space: ColourSpace, window: Box, masks_on: Callable[[Layer, Box], Coverage], tree: Tree
) -> tuple[list[Fragment], Coverage]:
    """A leaf's paint in the window, under its masks; the masks. Raises DamagedPixels."""
    try:
        paint = read_leaf(layer, node.layer_id, space, window)
        outline = vector_stroke(layer, space, window)
    except UndrawnFill:
        tree.unsupported.add(f"fill:{layer.kind}")
        node.dropped = DropReason.UNDRAWN
        return [], Coverage()
    parts = [part for part in (paint, outline) if part is not None]
    if not parts:
        return [], Coverage()
    masks = masks_on(layer, union(part.box for part in parts))
    if paint is not None and not masks.is_full:
        parts[0] = replace(paint, alpha=paint.exact_alpha() * masks.on(paint.box))
    if outline is None:
        return parts, masks
    unclipped = layer_mask_coverage(layer, outline.box)  # a stroke is not clipped to the path that it follows
    parts[-1] = replace(outline, alpha=outline.exact_alpha() * unclipped.on(outline.box))
    return [replace(merged(parts), layer_ids=(node.layer_id,))], masks


def read_leaf(layer: Layer, layer_id: int, space: ColourSpace, canvas: Box) -> Fragment | None:
    """The paint inside the canvas; None where there is none. Raises DamagedPixels and UndrawnFill."""
    if layer.has_pixels() and not has_soft_path(layer):
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
    box = paint_box(layer, canvas)
    frame = mask_frame(layer)
    if box is not None and frame is not None:
        box = intersect(box, frame)
    if box is None:
        return None
    try:
        descriptor = fill_descriptor(layer)
        paint = (
            None if descriptor is None else draw_paint(descriptor, layer, box, anchor_of_fill(descriptor, layer), space)
        )
    except UNREADABLE as error:
        raise UndrawnFill(f"{type(error).__name__}: {error}") from error
    if paint is None:
        return _painted(box, np.zeros((*size(box), 3), np.uint8), np.zeros(size(box), np.float32), (layer_id,))
    return _painted(box, paint.rgb, paint.alpha, (layer_id,))


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
    descriptor = stroke._data.get("strokeStyleContent")
    if descriptor is None:
        return None
    paint = draw_paint(descriptor, layer, box, anchor_of_fill(descriptor, layer), space)
    coverage = vector.draw_stroke(layer, box)[..., 0] * stroke_opacity(layer)
    if paint.alpha is not None:
        coverage = coverage * paint.alpha
    return _painted(box, paint.rgb, coverage.astype(np.float32), ())


def _painted(box: Box, rgb: np.ndarray, alpha: np.ndarray | None, layer_ids: tuple[int, ...]) -> Fragment:
    """Opaque where there is no `alpha`."""
    shown = np.broadcast_to(np.uint8(255), size(box)) if alpha is None else np.uint8(255) * (alpha > 0)
    return Fragment(box, interleave(rgb[..., 0], rgb[..., 1], rgb[..., 2], shown), alpha, layer_ids)
