"""A shape -> how much of it its vector stroke covers, and in which colour.

The stroke lies above what is clipped to the shape and above the shape's overlays, as Photoshop's pictures show, while
a cached raster has it painted in already: so what would lie between the two leaves the stroke's coverage alone.
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
from data_pipeline.flatten.paint import anchor_of_fill, draw_paint, fill_of, plain_colour
from data_pipeline.flatten.weights import total_alpha
from data_pipeline.tagged_blocks import FILLS, UNREADABLE, parse, parse_outline
from schemas.stack import Box

_NOTHING = np.float32(1e-6)
_WELL_APART = 64  # in 1/255: a coverage that is told by colours is then right to 1/128


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
        coverage = _seen_coverage(layer, region, space)
        if coverage is None:
            coverage = vector.draw_stroke(layer, box)[..., 0] * stroke_opacity(layer)
            if paint.alpha is not None:
                coverage = coverage * paint.alpha
    except UNREADABLE:
        return None
    return Outline(box, np.clip(coverage, 0, 1).astype(np.float32), paint.rgb)


def _seen_coverage(layer: Layer, region: Sequence[Fragment], space: ColourSpace) -> np.ndarray | None:
    """What a raster's own colours say, on its box: how much of each is the stroke's, and not the fill's.

    None where these are not two plain colours well apart, the one laid over the other in Normal mode.
    """
    content = fill_of(layer)
    stroke = layer.stroke._data
    mode = stroke.get("strokeStyleBlendMode")
    if not layer.has_pixels() or len(region) != 1 or content is None:
        return None
    if mode is not None and mode.enum != Enum.Normal:
        return None
    fill, over = (plain_colour(one, layer, space) for one in (content, stroke["strokeStyleContent"]))
    if fill is None or over is None:
        return None
    apart = over.astype(np.float32) - fill
    square = float(apart @ apart)
    if square < _WELL_APART**2:
        return None
    coverage: np.ndarray = (region[0].rgba[..., :3].astype(np.float32) - fill) @ (apart / square)
    return coverage


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
    share = (alpha * stroke / np.maximum(1 - alpha * (1 - stroke), _NOTHING))[..., np.newaxis]
    own, drawn = rgba[..., :3].astype(np.float32), view(outline.rgb, outline.box, fragment.box)
    rgba[..., :3] = np.rint(own + np.minimum(share, 1) * (drawn - own)) * (rgba[..., 3:] > 0)
    return replace(fragment, rgba=rgba)
