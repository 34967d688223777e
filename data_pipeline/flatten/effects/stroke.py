"""A layer's shape and a stroke -> a band of paint along its edge.

How wide it is at a pixel was found by psd-tools on Photoshop's own pictures (`growth`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.composite import vector
from psd_tools.composite.utils import has_fill, is_fill_disabled
from psd_tools.constants import BlendMode
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Enum, Key

from data_pipeline.boxes import grown, union
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.effects.effect import MAX_SIZE_PX, Effect
from data_pipeline.flatten.effects.growth import grow
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.paint import anchor_of_effect, draw_paint, fill_of, is_plain
from data_pipeline.flatten.weights import total_alpha
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
        box = grown(union(fragment.box for fragment in region), math.ceil(outer_px) + 1)
        anchor = anchor_of_effect(descriptor, layer, region, outer_px)
        paint = draw_paint(descriptor, layer, box, anchor, space)
        covered = total_alpha(region, box)
        traced = _traced(layer, covered, masks, box)
    except UNREADABLE:
        return None
    outside = np.clip(grow(traced, outer_px) - traced, 0, 1) if outer_px else np.zeros_like(traced)
    inside = np.clip(grow(1 - traced, inner_px) - (1 - traced), 0, 1) if inner_px else np.zeros_like(traced)
    band = outside + inside
    overlap = np.minimum(inside, covered)
    within = np.divide(overlap, covered, out=np.zeros_like(overlap), where=covered > 0)
    beside = np.clip(np.minimum(band - overlap, 1 - covered), 0, 1)
    strength = np.full(covered.shape, effect.opacity, np.float32)
    if paint.alpha is not None:
        strength *= paint.alpha
    knocks_out = not bool(descriptor.get(b"overprint", False))
    return Stroke(box, paint.rgb, np.clip(within, 0, 1), beside, strength, effect.blend_mode, knocks_out)


def _widths(descriptor: Descriptor) -> tuple[float, float]:
    """How far the stroke goes beyond the edge and how far within, in pixels."""
    size_px = float(descriptor[Key.SizeKey])
    if not 0 < size_px <= MAX_SIZE_PX:
        raise ValueError(f"a stroke of {size_px} px")
    share = {Enum.InsetFrame: 0.0, Enum.CenteredFrame: 0.5}.get(descriptor[Key.Style].enum, 1.0)
    return size_px * share, size_px * (1 - share)


def _traced(layer: Layer, covered: np.ndarray, masks: Coverage, box: Box) -> np.ndarray:
    if layer.is_group():
        return covered
    parse(layer.tagged_blocks, *FILLS, *VECTOR_MASK, *VECTOR_STROKE)
    if is_fill_disabled(layer):
        return covered
    if not layer.has_pixels():
        return np.array(masks.on(box)) if has_fill(layer) else covered
    if not any(tag in layer.tagged_blocks for tag in VECTOR_MASK) or not has_fill(layer):
        return covered
    if layer.vector_mask is None or layer.vector_mask.disabled:
        return covered
    content = fill_of(layer)
    if content is None or is_plain(content):
        return covered  # the raster's edge is Photoshop's own
    # Photoshop strokes the path: a fill that fades inside it does not thin the stroke.
    interior = vector.draw_vector_mask(layer, box)[..., 0] >= 1 - _PATH_FULL
    return np.where(interior, masks.on(box), covered).astype(np.float32)
