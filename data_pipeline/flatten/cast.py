"""A layer's shape and an effect of light -> what it paints: shadows and glows, below the layer and within it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.composite import paint
from psd_tools.constants import BlendMode, Resource
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Enum, Key

from data_pipeline.boxes import intersect, size, union
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.effects import Effect, Overlay
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.leaf import drawn_rgb
from data_pipeline.flatten.shadow import moved, offset_px, reach_px, softened
from data_pipeline.flatten.weights import total_alpha
from data_pipeline.tagged_blocks import UNREADABLE, resource
from schemas.stack import Box

DROP_SHADOW, OUTER_GLOW, INNER_SHADOW, INNER_GLOW = "drop_shadow", "outer_glow", "inner_shadow", "inner_glow"
BELOW = (DROP_SHADOW, OUTER_GLOW)  # bottom to top
WITHIN = (INNER_GLOW, INNER_SHADOW)
_MAX_SIZE_PX = 1000  # beyond what Photoshop's dialog offers
_PHOTOSHOPS_ANGLE = 30  # where a document does not say whence its light comes


@dataclass(frozen=True, eq=False)
class Cast:
    """What an effect paints below its layer. `coverage`, float32 on `box`, carries the effect's opacity; of one
    that is `knocked_out` nothing shows through the layer, however faint that is."""

    box: Box
    rgb: np.ndarray
    coverage: np.ndarray
    blend_mode: BlendMode
    knocked_out: bool


def draw_cast(effect: Effect, layer: Layer, region: Sequence[Fragment], canvas: Box, space: ColourSpace) -> Cast | None:
    """A drop shadow or an outer glow as far as the canvas; None where it cannot be read."""
    try:
        size_px, spread = _extent(effect)
        offset = _offset(effect, layer) if effect.kind == DROP_SHADOW else (0, 0)
        rgb = _colour(effect, layer, space)
    except UNREADABLE:
        return None
    own = union(fragment.box for fragment in region)
    reach = reach_px(size_px)
    box = (own[0] - reach, own[1] - reach, own[2] + reach, own[3] + reach)
    place = (box[0] + offset[0], box[1] + offset[1], box[2] + offset[0], box[3] + offset[1])
    target = intersect(place, canvas)
    if target is None:
        target = (canvas[0], canvas[1], canvas[0] + 1, canvas[1] + 1)
    coverage = softened(total_alpha(region, box), size_px, spread)
    if effect.kind == OUTER_GLOW:
        coverage = _ranged(effect, coverage)
    coverage = moved(coverage, box, target, offset) * np.float32(effect.opacity)
    knocked_out = effect.kind == OUTER_GLOW or bool(getattr(effect.drawing, "layer_knocks_out", True))
    colour = np.broadcast_to(rgb, (*size(target), 3))
    return Cast(target, colour, coverage, effect.blend_mode, knocked_out)


def draw_within(
    effect: Effect, layer: Layer, region: Sequence[Fragment], box: Box, space: ColourSpace
) -> Overlay | None:
    """An inner shadow or an inner glow on `box`; None where it cannot be read."""
    try:
        size_px, choke = _extent(effect)
        offset = _offset(effect, layer) if effect.kind == INNER_SHADOW else (0, 0)
        rgb = _colour(effect, layer, space)
    except UNREADABLE:
        return None
    reach = reach_px(size_px) + max(map(abs, offset))
    around = (box[0] - reach, box[1] - reach, box[2] + reach, box[3] + reach)
    outside = 1 - total_alpha(region, around)
    share = softened(outside, size_px, choke)
    share = moved(share, around, box, offset)
    if effect.kind == INNER_GLOW:
        share = _ranged(effect, share)
        if _from_centre(effect):
            share = 1 - share
    return Overlay(np.broadcast_to(rgb, (*size(box), 3)), share * np.float32(effect.opacity), effect.blend_mode)


def _extent(effect: Effect) -> tuple[float, float]:
    """(size in pixels, spread in [0, 1])."""
    size_px, spread = float(effect.drawing.size), float(effect.drawing.choke) / 100
    if not 0 <= size_px <= _MAX_SIZE_PX or not 0 <= spread <= 1:
        raise ValueError(f"a size of {size_px} px at a spread of {spread}")
    return size_px, spread


def _offset(effect: Effect, layer: Layer) -> tuple[int, int]:
    shadow = effect.drawing
    angle = float(shadow.angle) if not shadow.use_global_light else _global_angle(layer)
    if not 0 <= float(shadow.distance) <= 30_000:
        raise ValueError(f"a distance of {shadow.distance} px")
    return offset_px(angle, float(shadow.distance))


def _global_angle(layer: Layer) -> float:
    angle = resource(layer._psd, Resource.GLOBAL_ANGLE)
    return float(getattr(angle, "value", _PHOTOSHOPS_ANGLE))


def _colour(effect: Effect, layer: Layer, space: ColourSpace) -> np.ndarray:
    """uint8 [1, 1, 3]. Raises KeyError where the effect has a gradient and no colour."""
    descriptor = effect.drawing.descriptor
    if not isinstance(descriptor.get(Key.Color), Descriptor):
        raise KeyError("no colour")
    colour, _ = paint.draw_solid_color_fill((0, 0, 1, 1), layer._psd.color_mode, descriptor)
    return drawn_rgb(space, colour)


def _ranged(effect: Effect, coverage: np.ndarray) -> np.ndarray:
    """A glow at its range, which Photoshop holds in 8 bits: at 50 % it is full where half of it is."""
    share = int(min(max(float(effect.drawing.quality_range) / 100, 0), 1) * 255)
    return np.minimum(coverage * np.float32(255 / max(share, 1)), 1)


def _from_centre(effect: Effect) -> bool:
    source = effect.drawing.descriptor.get(Key.InnerGlowSource)
    return source is not None and source.enum == Enum.CenterGlow
