"""A layer's shape and a stroke -> a band of paint along its edge.

How wide it is at a pixel was measured on Photoshop's own pictures (`growth`), and so was what it does on a soft edge:
an inner stroke takes the place of its layer there, a centred one lies over it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import types
from psd_tools.api.layers import Layer
from psd_tools.composite import vector
from psd_tools.composite.utils import has_fill, is_fill_disabled
from psd_tools.constants import BlendMode
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Enum, Key

from data_pipeline.boxes import union
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.effects.effect import MAX_SIZE_PX, Effect, around
from data_pipeline.flatten.effects.growth import grow, nearness
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.paint import (
    anchor_of_effect,
    draw_paint,
    draw_paint_across,
    fill_descriptor,
    is_colour,
    runs_across,
)
from data_pipeline.flatten.weights import total_alpha
from data_pipeline.kernel import F32_2D, READ_F32_2D, kernel
from data_pipeline.tagged_blocks import FILLS, UNREADABLE, VECTOR_MASK, VECTOR_STROKE, parse
from schemas.stack import Box

_PATH_FULL = 1e-5  # psd-tools' rasterizer reports a covered pixel this much short of 1


@dataclass(frozen=True, eq=False)
class Stroke:
    """A band on `box`: `within` is a share of the layer's region, `beside` a coverage outside it, `strength` the
    opacity of its paint. One that `knocks_out` shows what lies below the layer where it is faint."""

    box: Box
    rgb: np.ndarray
    within: np.ndarray
    beside: np.ndarray
    strength: np.ndarray
    blend_mode: BlendMode
    knocks_out: bool


def draw_stroke(
    effect: Effect, layer: Layer, region: Sequence[Fragment], masks: Coverage, space: ColourSpace
) -> Stroke | None:
    """The stroke along the edge of `region`; along the mask's for a fill without pixels; None if unreadable."""
    descriptor = effect.drawing.descriptor
    try:
        outer_px, inner_px = _widths(descriptor)
        box = around(union(fragment.box for fragment in region), math.ceil(outer_px) + 1)
        covered = total_alpha(region, box)
        traced = _traced(layer, covered, masks, box)
        if runs_across(descriptor):
            paint = draw_paint_across(descriptor, _depth(traced, outer_px, inner_px), space)
        else:
            anchor = anchor_of_effect(descriptor, layer, region, outer_px)
            paint = draw_paint(descriptor, layer, box, anchor, space)
    except UNREADABLE:
        return None
    outer = grow(traced, outer_px) if outer_px else traced
    inner = grow(1 - traced, inner_px) if inner_px else 1 - traced
    if outer_px and inner_px:  # a centred one lies over its layer as any layer does
        within = np.clip(outer + inner - 1, 0, 1)
        beside = within * (1 - covered)
    else:
        within, beside = np.empty_like(traced), np.empty_like(traced)
        _band(traced, outer, inner, covered, within, beside)
    strength = np.full(covered.shape, effect.opacity, np.float32)
    if paint.alpha is not None:
        strength *= paint.alpha
    knocks_out = not bool(descriptor.get(b"overprint", False))
    return Stroke(box, paint.rgb, within, beside, strength, effect.blend_mode, knocks_out)


@kernel(types.void, READ_F32_2D, READ_F32_2D, READ_F32_2D, READ_F32_2D, F32_2D, F32_2D)
def _band(
    traced: np.ndarray,
    outer: np.ndarray,
    inner: np.ndarray,
    covered: np.ndarray,
    within: np.ndarray,
    beside: np.ndarray,
) -> None:
    """What a shape grown, and its complement grown, have more than they had: within what is covered and beside it."""
    one, nothing = np.float32(1), np.float32(0)
    for y in range(traced.shape[0]):
        for x in range(traced.shape[1]):
            depth = max(inner[y, x] - (one - traced[y, x]), nothing)
            overlap = min(depth, covered[y, x])
            within[y, x] = overlap / covered[y, x] if covered[y, x] > nothing else nothing
            band = max(outer[y, x] - traced[y, x], nothing) + depth
            beside[y, x] = max(min(band - overlap, one - covered[y, x]), nothing)


def _widths(descriptor: Descriptor) -> tuple[float, float]:
    """How far the stroke goes beyond the edge and how far within, in pixels."""
    size_px = float(descriptor[Key.SizeKey])
    if not 0 < size_px <= MAX_SIZE_PX:
        raise ValueError(f"a stroke of {size_px} px")
    share = {Enum.InsetFrame: 0.0, Enum.CenteredFrame: 0.5}.get(descriptor[Key.Style].enum, 1.0)
    return size_px * share, size_px * (1 - share)


def _depth(traced: np.ndarray, outer_px: float, inner_px: float) -> np.ndarray:
    """How far from the stroke's outer edge, at 0, to its inner one, at 1. Photoshop's own way is not known."""
    beyond, within = np.float32(0.5) - nearness(traced), np.float32(0.5) - nearness(1 - traced)
    depth: np.ndarray = (outer_px + np.where(traced < 0.5, -beyond, within)) / (outer_px + inner_px)
    return depth


def _traced(layer: Layer, covered: np.ndarray, masks: Coverage, box: Box) -> np.ndarray:
    if layer.is_group():
        return covered
    parse(layer.tagged_blocks, *VECTOR_MASK, *FILLS, *VECTOR_STROKE)
    if is_fill_disabled(layer):
        return covered
    if not layer.has_pixels():
        return np.array(masks.on(box)) if has_fill(layer) else covered
    if not any(tag in layer.tagged_blocks for tag in VECTOR_MASK) or not has_fill(layer):
        return covered
    if layer.vector_mask is None or layer.vector_mask.disabled:
        return covered
    if is_colour(fill_descriptor(layer)):
        return covered  # Photoshop's own raster of the path, which differs from psd-tools' by a few 1/255
    # Photoshop strokes the path: a fill that fades inside it does not thin the stroke.
    interior = vector.draw_vector_mask(layer, box)[..., 0] >= 1 - _PATH_FULL
    return np.where(interior, masks.on(box), covered).astype(np.float32)
