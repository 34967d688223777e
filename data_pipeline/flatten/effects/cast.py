"""A layer's shape and an effect of light -> what it paints: shadows and glows, below the layer and within it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode
from psd_tools.terminology import Enum, Key

from data_pipeline.boxes import grown, intersect, on_box, shifted, union, view
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.effects.contour import contoured, ranged
from data_pipeline.flatten.effects.effect import MAX_DISTANCE_PX, MAX_SIZE_PX, Effect, around
from data_pipeline.flatten.effects.lighting import light_angle
from data_pipeline.flatten.effects.overlay import Overlay
from data_pipeline.flatten.effects.shadow import faded, offset_px, reach_px, softened
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.gradient import gradient_tables
from data_pipeline.flatten.paint import draw_colour
from data_pipeline.flatten.weights import total_alpha
from data_pipeline.tagged_blocks import UNREADABLE
from schemas.stack import Box

_SHADOWS = ("drop_shadow", "inner_shadow")  # the others are glows


@dataclass(frozen=True, eq=False)
class Cast:
    """What an effect paints below its layer. `coverage`, float32 on `box`, carries the effect's opacity; of one
    that is `knocked_out` nothing shows through the layer, however faint that is."""

    box: Box
    rgb: np.ndarray
    coverage: np.ndarray
    blend_mode: BlendMode
    knocked_out: bool


def draw_cast(
    effect: Effect, layer: Layer, region: Sequence[Fragment], window: Box, space: ColourSpace
) -> list[Cast] | None:
    """A drop shadow or an outer glow in the window, if it falls there; None where it cannot be read."""
    try:
        size_px, spread = _extent(effect)
        right, down = _offset(effect, layer)
        whole = grown(union(fragment.box for fragment in region), reach_px(size_px))
        seen = intersect(whole, shifted(window, -right, -down))
        if seen is None:
            return []
        wide = intersect(whole, around(seen, reach_px(size_px))) or whole
        shape = view(_softened(effect, total_alpha(region, wide), size_px, spread), wide, seen)
        rgb, coverage = _painted(effect, layer, _ranged(effect, shape), space)
    except UNREADABLE:
        return None
    knocked_out = effect.kind not in _SHADOWS or bool(getattr(effect.drawing, "layer_knocks_out", True))
    return [Cast(shifted(seen, right, down), rgb, coverage, effect.blend_mode, knocked_out)]


def draw_within(
    effect: Effect, layer: Layer, region: Sequence[Fragment], box: Box, space: ColourSpace
) -> Overlay | None:
    """An inner shadow or an inner glow on `box`; None where it cannot be read."""
    try:
        size_px, spread = _extent(effect)
        right, down = _offset(effect, layer)
        wide = around(shifted(box, -right, -down), reach_px(size_px))
        shape = _softened(effect, 1 - total_alpha(region, wide), size_px, spread)
        share = _ranged(effect, on_box(shape, shifted(wide, right, down), box))
        rgb, share = _painted(effect, layer, 1 - share if _from_centre(effect) else share, space)
    except UNREADABLE:
        return None
    return Overlay(rgb, share, effect.blend_mode)


def _painted(effect: Effect, layer: Layer, shape: np.ndarray, space: ColourSpace) -> tuple[np.ndarray, np.ndarray]:
    """(uint8 RGB [height, width, 3], float32 coverage) of a shape along the effect's contour and in its paint.

    A glow's gradient runs from where the glow is full to where it ends, and has the alphas of its own: no picture of
    Photoshop's at hand says so, nor what a contour of a shadow or a glow does.
    """
    descriptor = effect.drawing.descriptor
    shape = contoured(shape, descriptor.get(Key.TransferSpec))
    strength = np.float32(effect.opacity)
    if effect.kind in _SHADOWS or Key.Gradient not in descriptor:
        rgb = np.broadcast_to(draw_colour(descriptor, layer, space), (*shape.shape, 3))
        return rgb, shape * strength
    colours, alphas = gradient_tables(descriptor, space)
    place = np.rint((1 - np.clip(shape, 0, 1)) * (len(alphas) - 1)).astype(np.intp)
    return colours[place], np.where(shape > 0, alphas[place], 0).astype(np.float32) * strength


def _softened(effect: Effect, shape: np.ndarray, size_px: float, spread: float) -> np.ndarray:
    technique = effect.drawing.descriptor.get(Key.GlowTechnique)
    if technique is not None and technique.enum == Enum.PreciseMatte:
        return faded(shape, size_px, spread)
    return softened(shape, size_px, spread)


def _extent(effect: Effect) -> tuple[float, float]:
    """(size in pixels, spread in [0, 1])."""
    size_px, spread = float(effect.drawing.size), float(effect.drawing.choke) / 100
    if not 0 <= size_px <= MAX_SIZE_PX or not 0 <= spread <= 1:
        raise ValueError(f"a size of {size_px} px at a spread of {spread}")
    return size_px, spread


def _offset(effect: Effect, layer: Layer) -> tuple[int, int]:
    shadow = effect.drawing
    if effect.kind not in _SHADOWS:
        return 0, 0
    if not 0 <= float(shadow.distance) <= MAX_DISTANCE_PX:
        raise ValueError(f"a distance of {shadow.distance} px")
    return offset_px(light_angle(shadow, layer), float(shadow.distance))


def _ranged(effect: Effect, shape: np.ndarray) -> np.ndarray:
    return shape if effect.kind in _SHADOWS else ranged(shape, float(effect.drawing.quality_range))


def _from_centre(effect: Effect) -> bool:
    source = effect.drawing.descriptor.get(Key.InnerGlowSource)
    return source is not None and source.enum == Enum.CenterGlow
