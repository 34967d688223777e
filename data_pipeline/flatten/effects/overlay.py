"""Overlays and other paint within a layer: an effect -> its paint, and that -> one piece with the layer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import types
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode

from data_pipeline.boxes import intersect, on_box, size
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.blend import FILLED, blend, filled, mode_index
from data_pipeline.flatten.channels import mixture, pixel
from data_pipeline.flatten.effects.effect import Effect
from data_pipeline.flatten.fragment import Fragment, interleave
from data_pipeline.flatten.paint import anchor_of_effect, draw_paint
from data_pipeline.kernel import F32_2D, NO_PLANE, READ_F32_2D, READ_F32_3D, READ_U8_3D, U8_3D, kernel
from data_pipeline.tagged_blocks import UNREADABLE
from schemas.stack import Box


@dataclass(frozen=True, eq=False)
class Overlay:
    """`rgb` uint8 [height, width, 3] over a share, float32 [height, width], of the layer's region."""

    rgb: np.ndarray
    share: np.ndarray
    blend_mode: BlendMode


def draw_overlay(
    effect: Effect, layer: Layer, region: Sequence[Fragment], box: Box, space: ColourSpace
) -> Overlay | None:
    """The overlay's paint on `box`, a part of the layer's own box; None where it cannot be read."""
    descriptor = effect.drawing.descriptor
    try:
        inner = intersect(tuple(layer.bbox), box)
        if inner is None:
            return None
        paint = draw_paint(descriptor, layer, inner, anchor_of_effect(descriptor, layer, region), space)
    except UNREADABLE:
        return None
    rgb, share = paint.rgb, np.broadcast_to(np.float32(effect.opacity), size(inner))
    if paint.alpha is not None:
        share = paint.alpha * np.float32(effect.opacity)
    # What the layer's own mask leaves outside its box has no overlay either.
    return Overlay(on_box(rgb, inner, box), on_box(share, inner, box), effect.blend_mode)


@kernel(types.void, types.intp, types.boolean, U8_3D, F32_2D, READ_U8_3D, READ_F32_2D, READ_F32_3D)
def _over_layer(
    mode: int,
    fades: bool,
    rgba: np.ndarray,
    held: np.ndarray,
    rgb: np.ndarray,
    share: np.ndarray,
    mixed: np.ndarray,
) -> None:
    """Paint an effect into a layer whose paint holds the share `held` of its region, in place.

    In a mode that `fades` from within, its strength weakens the paint that is blended, and not what is blended.
    `mixed`, the blended colours, is empty where they are blended here, in RGB.
    """
    for y in range(held.shape[0]):
        for x in range(held.shape[1]):
            s = float(share[y, x])
            if s <= 0:
                continue
            own = float(held[y, x])
            total = s + (1 - s) * own
            cr, cg, cb = rgba[y, x, 0] / 255, rgba[y, x, 1] / 255, rgba[y, x, 2] / 255
            er, eg, eb = rgb[y, x, 0] / 255, rgb[y, x, 1] / 255, rgb[y, x, 2] / 255
            kept = 0.0 if fades and s < 1 else 1 - s
            if mixed.size:
                fr, fg, fb = pixel(mixed, y, x)
            elif fades and s < 1:
                fr, fg, fb = filled(mode, cr, er, s), filled(mode, cg, eg, s), filled(mode, cb, eb, s)
            else:
                fr, fg, fb = blend(mode, cr, cg, cb, er, eg, eb)
            beside = s * (1 - own)
            rgba[y, x, 0] = int((own * (kept * cr + (1 - kept) * fr) + beside * er) / total * 255 + 0.5)
            rgba[y, x, 1] = int((own * (kept * cg + (1 - kept) * fg) + beside * eg) / total * 255 + 0.5)
            rgba[y, x, 2] = int((own * (kept * cb + (1 - kept) * fb) + beside * eb) / total * 255 + 0.5)
            held[y, x] = total


def paint_into(fragment: Fragment, fill: float, overlays: Sequence[Overlay], space: ColourSpace) -> Fragment:
    """The layer with its overlays, one fragment. Fill opacity fades the layer's own paint, not its effects."""
    rgba = fragment.rgba.copy()
    held = np.full(rgba.shape[:2], fill, np.float32)
    for overlay in overlays:
        mode = overlay.blend_mode
        fills = overlay.share if mode in FILLED else NO_PLANE
        mixed = mixture(space, mode, rgba[..., :3], overlay.rgb, fills)
        _over_layer(mode_index(mode), mode in FILLED, rgba, held, overlay.rgb, overlay.share, mixed)
    return replace(fragment, rgba=rgba, alpha=fragment.exact_alpha() * held)


def as_fragment(rgb: np.ndarray, alpha: np.ndarray, box: Box, effect_id: int, owner_id: int) -> Fragment:
    """An effect as a layer of its own."""
    opaque = np.broadcast_to(np.uint8(255), size(box))
    rgba = interleave(rgb[..., 0], rgb[..., 1], rgb[..., 2], opaque)
    return Fragment(box, rgba, np.ascontiguousarray(alpha, np.float32), (effect_id,), owner_id)
