"""A layer's shape and a satin -> the sheen that it paints within the layer.

Two copies of the softened shape, moved apart along the light, shade each other where they differ. Measured on one of
Photoshop's own pictures (two boxes of 0.8 times the size, 2.4/255 off within rows of unknown colour).
"""

from collections.abc import Sequence

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.terminology import Key

from data_pipeline.boxes import on_box, shifted, size
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.effects.contour import contoured
from data_pipeline.flatten.effects.effect import MAX_SIZE_PX, Effect, around
from data_pipeline.flatten.effects.overlay import Overlay
from data_pipeline.flatten.effects.shadow import offset_px, reach_px, softened
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.paint import draw_colour
from data_pipeline.flatten.weights import total_alpha
from data_pipeline.tagged_blocks import UNREADABLE
from schemas.stack import Box

_WIDTH = 0.8  # of each box, in sizes


def draw_satin(
    effect: Effect, layer: Layer, region: Sequence[Fragment], box: Box, space: ColourSpace
) -> Overlay | None:
    """On `box`; None where it cannot be read."""
    satin = effect.drawing
    try:
        size_px, distance_px = float(satin.size), float(satin.distance)
        if not 0 <= size_px <= MAX_SIZE_PX or not 0 <= distance_px <= MAX_SIZE_PX:
            raise ValueError(f"a satin of {size_px} px, {distance_px} px apart")
        right, down = offset_px(float(satin.angle), distance_px)
        rgb = draw_colour(satin.descriptor, layer, space)
        wide = around(box, reach_px(size_px) + max(abs(right), abs(down)))
        soft = softened(total_alpha(region, wide), round(_WIDTH * size_px))
        one, other = (on_box(soft, shifted(wide, sign * right, sign * down), box) for sign in (1, -1))
        share = contoured(np.abs(one - other), satin.descriptor.get(Key.MappingShape))
    except UNREADABLE:
        return None
    if satin.inverted:
        share = 1 - share
    return Overlay(np.broadcast_to(rgb, (*size(box), 3)), share * np.float32(effect.opacity), effect.blend_mode)
