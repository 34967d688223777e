"""A layer's shape and a bevel -> the highlights and shadows of a surface that rises from the shape's edge.

Measured on Photoshop's own picture of a smooth inner bevel (0.3/255 off, where none leaves 33): the surface's slope is
the mean of three differences each way; it is lit as a matt surface, and what is lighter or darker than the plane is
painted. The other styles and techniques follow from it and have not been measured.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import types
from psd_tools.api.layers import Layer
from psd_tools.constants import BevelStyle, BlendMode
from psd_tools.terminology import Key

from data_pipeline.boxes import grown, intersect, on_box, size, union, view
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.effects.cast import Cast
from data_pipeline.flatten.effects.contour import contoured
from data_pipeline.flatten.effects.effect import MAX_SIZE_PX, Effect, around
from data_pipeline.flatten.effects.lighting import light_altitude, light_angle
from data_pipeline.flatten.effects.overlay import Overlay
from data_pipeline.flatten.effects.shadow import reach_px, softened
from data_pipeline.flatten.effects.surface import draw_surface
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.paint import draw_colour
from data_pipeline.flatten.weights import total_alpha
from data_pipeline.kernel import F32_2D, READ_F32_2D, kernel
from data_pipeline.tagged_blocks import UNREADABLE
from schemas.stack import Box

_MAX_HEIGHT_PX = 100_000  # ten times the depth that Photoshop's dialog offers


@dataclass(frozen=True, eq=False)
class _Tone:
    """The highlight or the shadow: `share` float32 on a box, with its opacity; `rgb` uint8 [1, 1, 3]."""

    share: np.ndarray
    rgb: np.ndarray
    blend_mode: BlendMode


@kernel(types.void, READ_F32_2D, types.float64, types.UniTuple(types.float64, 3), F32_2D)
def _lit(surface: np.ndarray, height_px: float, light: tuple[float, float, float], out: np.ndarray) -> None:
    """The cosine between light and surface, below 0 where it is turned away. The outermost pixels are left alone."""
    for y in range(1, surface.shape[0] - 1):
        for x in range(1, surface.shape[1] - 1):
            right = left = lower = upper = 0.0
            for step in (-1, 0, 1):
                right += surface[y + step, x + 1]
                left += surface[y + step, x - 1]
                lower += surface[y + 1, x + step]
                upper += surface[y - 1, x + step]
            across, down = height_px * (right - left) / 6, height_px * (lower - upper) / 6
            facing = light[2] - across * light[0] - down * light[1]
            out[y, x] = facing / math.sqrt(1 + across * across + down * down)


def draw_bevel_within(
    effect: Effect, layer: Layer, region: Sequence[Fragment], box: Box, space: ColourSpace
) -> list[Overlay] | None:
    """What is painted on `box` within the layer; None where the bevel cannot be read."""
    try:
        if _style(effect) in (BevelStyle.OUTER_BEVEL, BevelStyle.STROKE_EMBOSS):
            return []
        wide = around(box, _reach_px(effect))
        tones = _tones(effect, layer, total_alpha(region, wide), wide, space)
    except UNREADABLE:
        return None
    rgb_size = (*size(box), 3)
    return [Overlay(np.broadcast_to(t.rgb, rgb_size), view(t.share, wide, box), t.blend_mode) for t in tones]


def draw_bevel_beside(
    effect: Effect, layer: Layer, region: Sequence[Fragment], window: Box, space: ColourSpace
) -> list[Cast] | None:
    """What is painted in the window below the layer, beside it alone; None where the bevel cannot be read."""
    try:
        style = _style(effect)
        if style in (BevelStyle.INNER_BEVEL, BevelStyle.STROKE_EMBOSS):
            return []
        whole = grown(union(fragment.box for fragment in region), _reach_px(effect))
        seen = intersect(whole, window)
        if seen is None:
            return []
        wide = intersect(whole, around(seen, 2 * _reach_px(effect))) or whole  # a chisel is softened again
        light, shadow = _tones(effect, layer, total_alpha(region, wide), wide, space)
    except UNREADABLE:
        return None
    if style == BevelStyle.PILLOW_EMBOSS:  # beside the layer the surface falls where it rises within
        light, shadow = replace(light, share=shadow.share), replace(shadow, share=light.share)
    rgb = (*size(seen), 3)
    tones = (light, shadow)
    return [Cast(seen, np.broadcast_to(t.rgb, rgb), view(t.share, wide, seen), t.blend_mode, True) for t in tones]


def draw_bevel_along(
    effect: Effect, layer: Layer, band: np.ndarray, box: Box, space: ColourSpace
) -> list[Overlay] | None:
    """What is painted on a stroke, a `band` on `box`; None where the bevel cannot be read. Nothing where the bevel is
    the layer's own."""
    try:
        if _style(effect) != BevelStyle.STROKE_EMBOSS:
            return []
        wide = around(box, _reach_px(effect))
        tones = _tones(effect, layer, on_box(band, box, wide), wide, space)
    except UNREADABLE:
        return None
    rgb_size = (*size(box), 3)
    return [Overlay(np.broadcast_to(t.rgb, rgb_size), view(t.share, wide, box) * band, t.blend_mode) for t in tones]


def _style(effect: Effect) -> bytes:
    style: bytes = effect.drawing.descriptor[Key.BevelStyle].enum
    return style


def _reach_px(effect: Effect) -> int:
    size_px, soften_px = float(effect.drawing.size), float(effect.drawing.soften)
    if not 0 < size_px <= MAX_SIZE_PX or not 0 <= soften_px <= MAX_SIZE_PX:
        raise ValueError(f"a bevel of {size_px} px, softened by {soften_px} px")
    return reach_px(size_px) + math.ceil(soften_px) + 1


def _tones(effect: Effect, layer: Layer, shape: np.ndarray, box: Box, space: ColourSpace) -> tuple[_Tone, _Tone]:
    """Highlight and shadow on the shape's box. Raises one of UNREADABLE."""
    bevel = effect.drawing
    descriptor = bevel.descriptor
    surface, height_px = draw_surface(bevel, layer, shape, box, space)
    angle, altitude = (math.radians(of(bevel, layer)) for of in (light_angle, light_altitude))
    if not math.isfinite(angle + altitude) or not abs(height_px) <= _MAX_HEIGHT_PX:
        raise ValueError("a bevel without measure")
    strengths = [float(of) / 100 for of in (bevel.highlight_opacity, bevel.shadow_opacity)]
    if not all(0 <= strength <= 1 for strength in strengths):
        raise ValueError(f"a bevel of opacities {strengths}")
    flat = math.sin(altitude)
    light = (math.cos(angle) * math.cos(altitude), -math.sin(angle) * math.cos(altitude), flat)
    lit = np.full(shape.shape, flat, np.float32)
    _lit(surface, height_px, light, lit)
    lit = softened(np.clip(lit, 0, 1) - np.float32(flat), float(bevel.soften)) + np.float32(flat)
    lit = contoured(lit, descriptor.get(Key.TransferSpec))
    above, below = (
        _Tone(
            _towards(lit, flat, end) * np.float32(strength),
            draw_colour(descriptor, layer, space, key),
            BlendMode(mode),
        )
        for end, mode, strength, key in (
            (1.0, bevel.highlight_mode, strengths[0], Key.HighlightColor),
            (0.0, bevel.shadow_mode, strengths[1], Key.ShadowColor),
        )
    )
    return above, below


def _towards(lit: np.ndarray, flat: float, end: float) -> np.ndarray:
    """How far from the light of the plane to full light (end 1) or to none (end 0)."""
    if abs(end - flat) < 1e-6:
        return np.zeros_like(lit)
    share: np.ndarray = np.clip((lit - np.float32(flat)) / np.float32(end - flat), 0, 1)
    return share
