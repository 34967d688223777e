"""A shape -> how much of it its vector stroke covers, and in which colour.

The stroke lies above what is clipped to the shape and above the shape's overlays, as Photoshop's pictures show, while
a cached raster has it painted in already: so what would lie between the two leaves the stroke's coverage alone.
Where fill and stroke are two colours, the raster tells how much of each it holds; psd-tools' pen is up to 1/3 off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.composite import vector
from psd_tools.constants import Tag
from psd_tools.terminology import Enum

from data_pipeline.boxes import union, view
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.coverage import Coverage, has_vector_stroke
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.paint import anchor_of_fill, draw_colour, draw_paint, fill_descriptor, is_colour
from data_pipeline.flatten.weights import NOTHING, total_alpha
from data_pipeline.tagged_blocks import FILLS, UNREADABLE, parse, parse_outline
from schemas.stack import Box

_FAR_APART = 128  # two colours, in one channel: half a step of the raster is then 1/255 of the way between them


@dataclass(frozen=True, eq=False)
class Outline:
    """`coverage`, float32 [height, width] in [0, 1], and `rgb`, uint8 [height, width, 3], on `box`."""

    box: Box
    coverage: np.ndarray
    rgb: np.ndarray

    @property
    def beside(self) -> Coverage:
        """What it leaves of that which lies below it."""
        return Coverage(1.0, self.box, 1 - self.coverage)


def outline_of(layer: Layer, region: Sequence[Fragment], space: ColourSpace) -> Outline | None:
    """The vector stroke on `region`, at its own opacity; None where there is none or it is unreadable."""
    if layer.is_group() or Tag.VECTOR_STROKE_DATA not in layer.tagged_blocks:
        return None
    parse(layer.tagged_blocks, *FILLS)
    parse_outline(layer)
    try:
        if not has_vector_stroke(layer) or layer.vector_mask is None:
            return None
        box = union(fragment.box for fragment in region)
        descriptor = layer.stroke._data["strokeStyleContent"]
        paint = draw_paint(descriptor, layer, box, anchor_of_fill(descriptor, layer), space)
        coverage = _as_painted(layer, region, paint.rgb, space)
        if coverage is None:
            coverage = vector.draw_stroke(layer, box)[..., 0] * stroke_opacity(layer)
            if paint.alpha is not None:
                coverage = coverage * paint.alpha
    except UNREADABLE:
        return None
    return Outline(box, np.clip(coverage, 0, 1).astype(np.float32), paint.rgb)


def _as_painted(layer: Layer, region: Sequence[Fragment], stroke: np.ndarray, space: ColourSpace) -> np.ndarray | None:
    """The share of the stroke in the cached raster's colours, within 1/255; None where they do not tell it."""
    data, fill = layer.stroke._data, fill_descriptor(layer)
    mode = data.get("strokeStyleBlendMode")
    is_mixed = len(region) == 1 and layer.has_pixels() and (mode is None or mode.enum == Enum.Normal)
    if not (is_mixed and is_colour(fill) and is_colour(data["strokeStyleContent"])):
        return None
    return share_of(stroke[0, 0], draw_colour(fill, layer, space)[0, 0], region[0].rgba[..., :3])


def share_of(stroke: np.ndarray, fill: np.ndarray, mixed: np.ndarray) -> np.ndarray | None:
    """How much of a colour a mixture, uint8 [height, width, 3], holds beside another; None where they are too near."""
    way = stroke.astype(np.float32) - fill
    if np.abs(way).max() < _FAR_APART:
        return None
    share: np.ndarray = (mixed - fill.astype(np.float32)) @ way / (way @ way)
    return share


def stroke_opacity(layer: Layer) -> float:
    """Of the vector stroke, which the layer must have, in [0, 1]; what no Photoshop wrote counts as opaque."""
    opacity = float(layer.stroke._data.get("strokeStyleOpacity", 100.0)) / 100
    return opacity if 0 <= opacity <= 1 else 1.0


def parted(base: Sequence[Fragment], outline: Outline, between: Sequence[Fragment]) -> list[Fragment]:
    """A base, which has its outline painted in, as it shows below `between`, which the outline covers.

    With a the alpha of what lies between, s the stroke's and S its colour, the base's colour C holds the fill at
    (1 - s) and S at s. Its weight below `between` at a * (1 - s) is 1 - a * (1 - s), of which s is the stroke's: the
    colour is ((1 - a) * C + a * s * S) / (1 - a * (1 - s)).
    """
    return [_parted(fragment, outline, total_alpha(between, fragment.box)) for fragment in base]


def _parted(fragment: Fragment, outline: Outline, alpha: np.ndarray) -> Fragment:
    rgba = fragment.rgba.copy()
    stroke = view(outline.coverage, outline.box, fragment.box)
    share = (alpha * stroke / np.maximum(1 - alpha * (1 - stroke), NOTHING))[..., np.newaxis]
    own, drawn = rgba[..., :3].astype(np.float32), view(outline.rgb, outline.box, fragment.box)
    rgba[..., :3] = np.rint(own + np.minimum(share, 1) * (drawn - own)) * (rgba[..., 3:] > 0)
    return replace(fragment, rgba=rgba)
