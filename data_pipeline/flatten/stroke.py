"""A layer's shape and a stroke -> a band of paint along its edge.

psd-tools measures the band, by rules that were found on Photoshop's own pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.composite import vector
from psd_tools.composite.effects import draw_stroke_effect_split, stroke_bbox
from psd_tools.composite.utils import has_fill, is_fill_disabled
from psd_tools.constants import BlendMode, Tag
from psd_tools.psd.descriptor import Descriptor, Double, Enumerated
from psd_tools.terminology import Enum, Key, Klass

from data_pipeline.boxes import union
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.effects import Effect
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.paint import anchor_of_effect, draw_paint
from data_pipeline.flatten.weights import total_alpha
from data_pipeline.tagged_blocks import UNREADABLE, VECTOR_MASK, parse
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
        box = stroke_bbox(union(fragment.box for fragment in region), descriptor)
        if box[0] >= box[2] or box[1] >= box[3]:
            return None
        paint = draw_paint(
            descriptor, layer, box, anchor_of_effect(descriptor, layer, region, _reach_px(descriptor)), space
        )
        covered = total_alpha(region, box)
        traced = _traced(layer, covered, masks, box)
        _, band, inside = draw_stroke_effect_split(box, traced[..., np.newaxis], _white(descriptor), layer._psd)
    except UNREADABLE:
        return None
    band, inside = band[..., 0].astype(np.float32), inside[..., 0].astype(np.float32)
    overlap = np.minimum(inside, covered)
    within = np.divide(overlap, covered, out=np.zeros_like(overlap), where=covered > 0)
    beside = np.clip(np.minimum(band - overlap, 1 - covered), 0, 1)
    strength = np.full(covered.shape, effect.opacity, np.float32)
    if paint.alpha is not None:
        strength *= paint.alpha
    knocks_out = not bool(descriptor.get(b"overprint", False))
    return Stroke(box, paint.rgb, np.clip(within, 0, 1), beside, strength, effect.blend_mode, knocks_out)


def _reach_px(descriptor: Descriptor) -> float:
    """How far a stroke goes beyond the layer's edge."""
    shares = {Enum.InsetFrame: 0.0, Enum.CenteredFrame: 0.5}
    return shares.get(descriptor[Key.Style].enum, 1.0) * float(descriptor[Key.SizeKey])


def _white(descriptor: Descriptor) -> dict[bytes, object]:
    """The same stroke in the cheapest paint: its own is not drawn twice."""
    grey = Descriptor(classID=Klass.Grayscale, items=[(Key.Gray, Double(0.0))])
    return {**dict(descriptor.items()), Key.PaintType: Enumerated(Key.PaintType, Enum.SolidColor), Key.Color: grey}


def _traced(layer: Layer, covered: np.ndarray, masks: Coverage, box: Box) -> np.ndarray:
    if layer.is_group():
        return covered
    parse(layer.tagged_blocks, *VECTOR_MASK, Tag.VECTOR_STROKE_DATA)
    if is_fill_disabled(layer):
        return covered
    if not layer.has_pixels():
        return np.array(masks.on(box)) if has_fill(layer) else covered
    if not any(tag in layer.tagged_blocks for tag in VECTOR_MASK) or not has_fill(layer):
        return covered
    if layer.vector_mask is None or layer.vector_mask.disabled:
        return covered
    # Photoshop strokes the path: a fill that fades inside it does not thin the stroke.
    interior = vector.draw_vector_mask(layer, box)[..., 0] >= 1 - _PATH_FULL
    return np.where(interior, masks.on(box), covered).astype(np.float32)
