"""A descriptor of paint -> its colours on a box: one colour, a gradient or a pattern.

Fills, overlays and strokes are painted with the same three.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.composite import paint
from psd_tools.composite.utils import is_fill_disabled
from psd_tools.constants import Tag
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Enum, Key

from data_pipeline.boxes import size, union
from data_pipeline.colour import ColourSpace, drawn_rgb
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.gradient import Anchor, draw_gradient
from data_pipeline.tagged_blocks import FILLS, VECTOR_MASK, parse, parse_patterns
from schemas.stack import Box

_PAINT_TYPES = {Enum.SolidColor: Key.Color, Enum.GradientFill: Key.Gradient, Enum.Pattern: Enum.Pattern}


@dataclass(frozen=True, eq=False)
class Paint:
    """`rgb` uint8 [height, width, 3], read-only; `alpha` float32 [height, width], None where it is opaque."""

    rgb: np.ndarray
    alpha: np.ndarray | None


def draw_paint(descriptor: Descriptor, layer: Layer, box: Box, anchor: Anchor, space: ColourSpace) -> Paint:
    """The paint on `box`; a gradient is laid out on `anchor`, a pattern begins where `layer` or the document says.

    Raises one of `tagged_blocks.UNREADABLE` where the paint cannot be read.
    """
    kind = _kind(descriptor)
    if kind == Key.Color:
        return Paint(np.broadcast_to(draw_colour(descriptor, layer, space), (*size(box), 3)), None)
    if kind == Key.Gradient:
        return Paint(*draw_gradient(descriptor, box, anchor, space))
    parse_patterns(layer._psd)
    left, top = _pattern_origin(descriptor, layer)
    colour, alpha = paint.draw_pattern_fill(box, layer._psd, descriptor, (left, top, left, top))
    if colour is None:
        raise KeyError("the pattern is not in the file")
    return Paint(drawn_rgb(space, colour), None if alpha is None else alpha[..., 0].astype(np.float32))


def draw_colour(descriptor: Descriptor, layer: Layer, space: ColourSpace, key: Key = Key.Color) -> np.ndarray:
    """uint8 [1, 1, 3]. Raises KeyError where the descriptor has no colour under the key."""
    if not isinstance(descriptor.get(key), Descriptor):
        raise KeyError(f"no colour under {key!r}")
    colour, _ = paint.draw_solid_color_fill((0, 0, 1, 1), layer._psd.color_mode, {Key.Color: descriptor[key]})
    return drawn_rgb(space, colour)


def fill_of(layer: Layer) -> Descriptor | None:
    """What a fill or a shape is filled with, its blocks having been parsed."""
    if is_fill_disabled(layer):
        return None
    descriptors = map(layer.tagged_blocks.get_data, (*FILLS, Tag.VECTOR_STROKE_CONTENT_DATA))
    return next((one for one in descriptors if one is not None), None)


def is_plain(descriptor: Descriptor) -> bool:
    """Whether a paint is one colour. Raises as `draw_paint`."""
    return _kind(descriptor) == Key.Color


def plain_colour(descriptor: Descriptor, layer: Layer, space: ColourSpace) -> np.ndarray | None:
    """uint8 [3] of a paint that is one colour; None of any other. Raises as `draw_paint`."""
    return draw_colour(descriptor, layer, space)[0, 0] if is_plain(descriptor) else None


def _kind(descriptor: Descriptor) -> bytes:
    """Which of a descriptor's paints is meant: a stroke keeps the others that it had before."""
    if Key.PaintType in descriptor:
        return _PAINT_TYPES[descriptor[Key.PaintType].enum]
    for key in (Key.Gradient, Enum.Pattern, Key.Color):
        if key in descriptor:
            return key
    raise KeyError("no paint")


def anchor_of_fill(descriptor: Descriptor, layer: Layer) -> Anchor:
    """What the gradient of a fill layer or a shape is laid out on: the path, unless it is not aligned with it."""
    canvas = (0, 0, layer._psd.width, layer._psd.height)
    if not _is_aligned(descriptor) or not any(tag in layer.tagged_blocks for tag in VECTOR_MASK):
        return canvas
    parse(layer.tagged_blocks, *VECTOR_MASK)
    if layer.vector_mask is None:
        return canvas
    left, top, right, bottom = layer.vector_mask.bbox
    return left * canvas[2], top * canvas[3], right * canvas[2], bottom * canvas[3]


def anchor_of_effect(descriptor: Descriptor, layer: Layer, region: Sequence[Fragment], reach_px: float = 0.0) -> Anchor:
    """What the gradient of an effect is laid out on: what the layer paints and `reach_px` around it, unless it is not
    aligned with the layer. Where the region is but a part of the layer, the layer's own box stands in for the rest."""
    boxes = [box for box in (fragment.tight_box() for fragment in region) if box is not None]
    if not boxes or not _is_aligned(descriptor):
        return 0, 0, layer._psd.width, layer._psd.height
    painted, cut, whole = union(boxes), union(fragment.box for fragment in region), tuple(layer.bbox)
    left, top = (whole[i] if whole[i] < cut[i] == painted[i] else painted[i] for i in (0, 1))
    right, bottom = (whole[i] if whole[i] > cut[i] == painted[i] else painted[i] for i in (2, 3))
    return left - reach_px, top - reach_px, right + reach_px, bottom + reach_px


def _is_aligned(descriptor: Descriptor) -> bool:
    return bool(descriptor.get(Key.Alignment, True))


def _pattern_origin(descriptor: Descriptor, layer: Layer) -> tuple[int, int]:
    """Where a tile begins: a pattern linked with its layer moves with the layer's reference point."""
    phase = descriptor.get(b"phase")
    left, top = (0.0, 0.0) if phase is None else (float(phase[Key.Horizontal]), float(phase[Key.Vertical]))
    if _is_aligned(descriptor):
        point = layer.tagged_blocks.get_data(Tag.REFERENCE_POINT) or layer.bbox[:2]
        left, top = left + float(point[0]), top + float(point[1])
    return round(left), round(top)
