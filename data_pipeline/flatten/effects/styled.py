"""A layer's fragments -> the same with its effects: overlays within it, shadows, glows and bevels below it.

An overlay goes into a single Normal layer, and lies as a layer of its own on any other, on a group or a clipping group.
What lies below is a layer of its own. Only a layer that blends its interior effects as a group, and a group with a
stroke and overlays in modes of their own, are flattened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode, Tag

from data_pipeline.boxes import on_box, union
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.blend import mode_index
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.effects.bevel import draw_bevel_beside, draw_bevel_within
from data_pipeline.flatten.effects.cast import draw_cast, draw_within
from data_pipeline.flatten.effects.effect import (
    BELOW,
    BEVEL,
    OVERLAYS,
    SATIN,
    STROKE,
    WITHIN,
    Effect,
)
from data_pipeline.flatten.effects.overlay import Overlay, as_fragment, draw_overlay, paint_into
from data_pipeline.flatten.effects.satin import draw_satin
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.node import Node
from data_pipeline.flatten.outline import Outline
from data_pipeline.flatten.tree import Tree
from data_pipeline.flatten.weights import NOTHING, clip, total_alpha
from data_pipeline.tagged_blocks import is_switched_on
from schemas.stack import Box


@dataclass(frozen=True, eq=False)
class Styled:
    """A visible layer or group with the effects that are drawn. `region` is its own paint at full fill and opacity,
    `outline` a vector stroke's part of it; `is_single` says that it is one layer and nothing is clipped
    to it."""

    layer: Layer
    node: Node
    effects: Sequence[tuple[Effect, Node]]
    region: list[Fragment]
    masks: Coverage
    outline: Outline | None
    is_single: bool

    @property
    def blends_as_group(self) -> bool:
        """Whether its mode is that of its overlays too."""
        return is_switched_on(self.layer, Tag.BLEND_INTERIOR_ELEMENTS, default=False)

    @property
    def is_normal(self) -> bool:
        return is_normal(self.layer.blend_mode)


def overlaid(
    styled: Styled, own: list[Fragment], tree: Tree, space: ColourSpace
) -> tuple[list[Fragment], list[tuple[Fragment, BlendMode]]]:
    """With the overlays; apart, those that have to be painted after the layer, bottom to top, in their own mode.

    `own` is the region at its fill opacity, with what is clipped to it. An overlay blends with all that lies below it,
    and not in its layer's mode, unless the layer blends its interior effects as a group.
    """
    box = union(fragment.box for fragment in styled.region)
    overlays: list[tuple[Overlay, Node]] = []
    for effect, node in styled.effects:
        if effect.kind in (*OVERLAYS, *WITHIN):
            drawn = _drawn_within(effect, styled, box, space)
            if drawn is None:
                tree.leave_undrawn(effect, node)
            else:
                overlays += ((overlay, node) for overlay in drawn)
    if not overlays:
        return own, []
    are_normal = all(is_normal(overlay.blend_mode) for overlay, _ in overlays)
    sees_itself_alone = styled.is_normal and (styled.node.fill == 1 or are_normal)
    if styled.is_single and (sees_itself_alone or styled.blends_as_group):
        return [painted_in(styled.region[0], styled.node.fill, overlays, box, space)], []
    each_once = len({node.layer_id for _, node in overlays}) == len(overlays)
    if styled.is_normal and each_once and are_normal:
        tops = [as_fragment(o.rgb, o.share, box, node.layer_id, styled.node.layer_id) for o, node in overlays]
        return clip(own, tops, styled.region), []
    if styled.blends_as_group or any(effect.kind == STROKE for effect, _ in styled.effects):
        return [painted_in(tree.flattened(own), 1.0, overlays, box, space)], []
    alpha = total_alpha(styled.region, box)
    return own, [
        (as_fragment(o.rgb, o.share * alpha, box, node.layer_id, styled.node.layer_id), o.blend_mode)
        for o, node in overlays
    ]


def _drawn_within(effect: Effect, styled: Styled, box: Box, space: ColourSpace) -> Sequence[Overlay] | None:
    if effect.kind == BEVEL:
        return draw_bevel_within(effect, styled.layer, styled.region, box, space)
    if effect.kind == SATIN:
        overlay = draw_satin(effect, styled.layer, styled.region, box, space)
    elif effect.kind in WITHIN:
        overlay = draw_within(effect, styled.layer, styled.region, box, space)
    else:
        overlay = draw_overlay(effect, styled.layer, styled.region, box, space)
        if overlay is not None and styled.outline is not None:
            overlay = replace(overlay, share=overlay.share * styled.outline.beside.on(box))
    return None if overlay is None else [overlay]


def cast_below(
    styled: Styled, own: Sequence[Fragment], window: Box, tree: Tree, space: ColourSpace
) -> list[tuple[Fragment, BlendMode]]:
    """Shadows and glows that lie below the layer and in the window, bottom to top, in their own mode."""
    below: list[tuple[Fragment, BlendMode]] = []
    for effect, node in styled.effects:
        if effect.kind not in (*BELOW, BEVEL):
            continue
        draw = draw_bevel_beside if effect.kind == BEVEL else draw_cast
        casts = draw(effect, styled.layer, styled.region, window, space)
        if casts is None:
            tree.leave_undrawn(effect, node)
        for cast in casts or ():
            alpha = cast.coverage
            is_hidden = styled.is_normal and styled.node.opacity == 1 and styled.node.fill == 1
            if cast.knocked_out and not is_hidden:
                beside = alpha * (1 - total_alpha(styled.region, cast.box))
                alpha = beside_alone(beside, own, cast.box, styled.node)
            below.append((as_fragment(cast.rgb, alpha, cast.box, node.layer_id, styled.node.layer_id), cast.blend_mode))
    return below


def is_normal(mode: BlendMode) -> bool:
    return mode_index(mode) == mode_index(BlendMode.NORMAL)


def painted_in(
    fragment: Fragment, fill: float, overlays: Sequence[tuple[Overlay, Node]], box: Box, space: ColourSpace
) -> Fragment:
    """One fragment with effects, which lie on `box`, painted into it."""
    placed = []
    for overlay, node in overlays:
        node.flattened = True
        rgb, share = on_box(overlay.rgb, box, fragment.box), on_box(overlay.share, box, fragment.box)
        placed.append(replace(overlay, rgb=rgb, share=share))
    ids = {*fragment.layer_ids, *(node.layer_id for _, node in overlays)}
    return replace(paint_into(fragment, fill, placed, space), layer_ids=tuple(sorted(ids)))


def beside_alone(beside: np.ndarray, own: Sequence[Fragment], box: Box, owner: Node) -> np.ndarray:
    """The alpha of what shows `beside` a layer that is painted over it, whose soft edge will cover a part of it."""
    room = np.maximum(1 - np.float32(owner.opacity) * total_alpha(own, box), NOTHING)
    alpha: np.ndarray = np.clip(beside / room, 0, 1) * (beside > 0)
    return alpha
