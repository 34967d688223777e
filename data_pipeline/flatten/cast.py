"""A layer's shape and an effect of light -> what it paints: shadows and glows, below the layer and within it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode, Resource
from psd_tools.terminology import Enum, Key

from data_pipeline.boxes import size, union
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.effects import Effect, Overlay
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.paint import draw_colour
from data_pipeline.flatten.shadow import moved, offset_px, reach_px, softened
from data_pipeline.flatten.weights import total_alpha
from data_pipeline.tagged_blocks import UNREADABLE, resource
from schemas.stack import Box

_SHADOWS = ("drop_shadow", "inner_shadow")  # the others are glows
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


@dataclass(frozen=True, eq=False)
class _Light:
    """What a shadow or a glow is made of: `offset` (right, down) in pixels, `rgb` uint8 [1, 1, 3]."""

    size_px: float
    spread: float
    offset: tuple[int, int]
    rgb: np.ndarray


def draw_cast(effect: Effect, layer: Layer, region: Sequence[Fragment], space: ColourSpace) -> Cast | None:
    """A drop shadow or an outer glow; None where it cannot be read."""
    light = _light(effect, layer, space)
    if light is None:
        return None
    box = _around(union(fragment.box for fragment in region), reach_px(light.size_px))
    coverage = softened(total_alpha(region, box), light.size_px, light.spread)
    if effect.kind not in _SHADOWS:
        coverage = _ranged(effect, coverage)
    right, down = light.offset
    place = (box[0] + right, box[1] + down, box[2] + right, box[3] + down)
    knocked_out = effect.kind not in _SHADOWS or bool(getattr(effect.drawing, "layer_knocks_out", True))
    rgb = np.broadcast_to(light.rgb, (*size(place), 3))
    return Cast(place, rgb, coverage * np.float32(effect.opacity), effect.blend_mode, knocked_out)


def draw_within(
    effect: Effect, layer: Layer, region: Sequence[Fragment], box: Box, space: ColourSpace
) -> Overlay | None:
    """An inner shadow or an inner glow on `box`; None where it cannot be read."""
    light = _light(effect, layer, space)
    if light is None:
        return None
    around = _around(box, reach_px(light.size_px) + max(map(abs, light.offset)))
    share = softened(1 - total_alpha(region, around), light.size_px, light.spread)
    share = moved(share, around, box, light.offset)
    if effect.kind not in _SHADOWS:
        share = _ranged(effect, share)
        if _from_centre(effect):
            share = 1 - share
    rgb = np.broadcast_to(light.rgb, (*size(box), 3))
    return Overlay(rgb, share * np.float32(effect.opacity), effect.blend_mode)


def _light(effect: Effect, layer: Layer, space: ColourSpace) -> _Light | None:
    try:
        offset = _offset(effect, layer) if effect.kind in _SHADOWS else (0, 0)
        return _Light(*_extent(effect), offset, draw_colour(effect.drawing.descriptor, layer, space))
    except UNREADABLE:
        return None


def _around(box: Box, reach: int) -> Box:
    return box[0] - reach, box[1] - reach, box[2] + reach, box[3] + reach


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


def _ranged(effect: Effect, coverage: np.ndarray) -> np.ndarray:
    """A glow at its range, which Photoshop holds in 8 bits: at 50 % it is full where half of it is."""
    share = int(min(max(float(effect.drawing.quality_range) / 100, 0), 1) * 255)
    return np.minimum(coverage * np.float32(255 / max(share, 1)), 1)


def _from_centre(effect: Effect) -> bool:
    source = effect.drawing.descriptor.get(Key.InnerGlowSource)
    return source is not None and source.enum == Enum.CenterGlow
