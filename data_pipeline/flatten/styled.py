"""A layer's fragments -> the same with its effects: overlays inside it, strokes along its edge.

An overlay goes into a single layer, and lies as a layer of its own on a group or a clipping group. A stroke
is a layer of its own above its owner. Only where a blend mode other than Normal ties an effect to what it
lies on is it painted in, which for a group means flattening it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode

from data_pipeline.boxes import intersect, size, union, view
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.blend import mode_index
from data_pipeline.flatten.cast import draw_cast, draw_within
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.effects import (
    BELOW,
    OVERLAYS,
    STROKE,
    WITHIN,
    Effect,
    Overlay,
    Stroke,
    as_fragment,
    draw_overlay,
    draw_stroke,
    paint_into,
)
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.node import Node
from data_pipeline.flatten.outline import Outline
from data_pipeline.flatten.tree import Tree
from data_pipeline.flatten.weights import clip, total_alpha
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
    def is_normal(self) -> bool:
        return mode_index(self.layer.blend_mode) == mode_index(BlendMode.NORMAL)


def overlaid(styled: Styled, own: list[Fragment], tree: Tree, space: ColourSpace) -> list[Fragment]:
    """With the overlays. `own` is the region at its fill opacity, with what is clipped to it."""
    box = union(fragment.box for fragment in styled.region)
    overlays: list[tuple[Overlay, Node]] = []
    for effect, node in styled.effects:
        if effect.kind in (*OVERLAYS, *WITHIN):
            if effect.kind in WITHIN:
                overlay = draw_within(effect, styled.layer, styled.region, box, space)
            else:
                overlay = draw_overlay(effect, styled.layer, styled.region, box, space)
                if overlay is not None and styled.outline is not None:
                    overlay = replace(overlay, share=overlay.share * styled.outline.beside.on(box))
            if overlay is None:
                tree.leave_undrawn(effect, node)
            else:
                overlays.append((overlay, node))
    if not overlays:
        return own
    if styled.is_single:
        return [_painted_in(styled.region[0], styled.node.fill, overlays, box)]
    if styled.is_normal and all(_is_normal(overlay.blend_mode) for overlay, _ in overlays):
        tops = [as_fragment(o.rgb, o.share, box, node.layer_id, styled.node.layer_id) for o, node in overlays]
        return clip(own, tops, styled.region)
    return [_painted_in(tree.flattened(own), 1.0, overlays, box)]


def cast_below(
    styled: Styled, own: Sequence[Fragment], tree: Tree, space: ColourSpace
) -> list[tuple[Fragment, BlendMode]]:
    """Shadows and glows that lie below the layer, bottom to top, in their own mode."""
    below: list[tuple[Fragment, BlendMode]] = []
    for effect, node in styled.effects:
        if effect.kind not in BELOW:
            continue
        cast = draw_cast(effect, styled.layer, styled.region, space)
        if cast is None:
            tree.leave_undrawn(effect, node)
            continue
        alpha = cast.coverage
        is_hidden = styled.is_normal and styled.node.opacity == 1 and styled.node.fill == 1
        if cast.knocked_out and not is_hidden:
            beside = alpha * (1 - total_alpha(styled.region, cast.box))
            alpha = _beside_alone(beside, own, cast.box, styled.node)
        below.append((as_fragment(cast.rgb, alpha, cast.box, node.layer_id, styled.node.layer_id), cast.blend_mode))
    return below


def stroked(
    styled: Styled, own: list[Fragment], tree: Tree, space: ColourSpace
) -> tuple[list[Fragment], list[tuple[Fragment, BlendMode]]]:
    """With the strokes; apart, the outer halves that have to be painted before the layer, in their own mode."""
    drawn: list[tuple[Stroke, Node]] = []
    for effect, node in styled.effects:
        if effect.kind == STROKE:
            stroke = draw_stroke(effect, styled.layer, styled.region, styled.masks, space)
            if stroke is None:
                tree.leave_undrawn(effect, node)
            else:
                drawn.append((stroke, node))
    outer: list[tuple[Fragment, BlendMode]] = []
    plain: list[tuple[Stroke, Node]] = []
    for stroke, node in _uncovered(styled, drawn):
        if styled.is_normal and _is_normal(stroke.blend_mode):
            plain.append((stroke, node))
        else:
            own, plain = _knitted(styled, own, plain), []
            outer.append((_outer_half(stroke, own, node, styled.node), stroke.blend_mode))
            if stroke.within.any():
                inner = Overlay(stroke.rgb, stroke.within, stroke.blend_mode)
                own = [_painted_in(tree.flattened(own), 1.0, [(inner, node)], stroke.box)]
    return _knitted(styled, own, plain), outer


def _uncovered(styled: Styled, strokes: Sequence[tuple[Stroke, Node]]) -> list[tuple[Stroke, Node]]:
    """Bottom to top. Beside the layer an upper stroke, whatever its mode, covers its share of the lower ones."""
    upper: list[tuple[Box, np.ndarray]] = []
    result: list[tuple[Stroke, Node]] = []
    for stroke, node in reversed(strokes):
        room = 1 - total_alpha(styled.region, stroke.box)
        left = np.ones(size(stroke.box), np.float32)
        for box, share in upper:
            left *= 1 - _moved(share, box, stroke.box)
        share = np.divide(stroke.beside, room, out=np.zeros_like(left), where=room > 0)
        upper.append((stroke.box, np.minimum(share, 1)))
        result.insert(0, (replace(stroke, beside=stroke.beside * left), node))
    return result


def _knitted(styled: Styled, own: list[Fragment], strokes: Sequence[tuple[Stroke, Node]]) -> list[Fragment]:
    """Normal strokes, bottom to top, as layers above the layer."""
    tops: list[Fragment] = []
    beside: dict[tuple[int, ...], np.ndarray] = {}
    for stroke, node in strokes:
        top = as_fragment(stroke.rgb, stroke.within, stroke.box, node.layer_id, styled.node.layer_id)
        beside[top.layer_ids] = stroke.beside
        tops.append(top)
    return clip(own, tops, styled.region, beside) if tops else own


def _is_normal(mode: BlendMode) -> bool:
    return mode_index(mode) == mode_index(BlendMode.NORMAL)


def _painted_in(fragment: Fragment, fill: float, overlays: Sequence[tuple[Overlay, Node]], box: Box) -> Fragment:
    """One fragment with effects, which lie on `box`, painted into it."""
    moved = []
    for overlay, node in overlays:
        node.flattened = True
        rgb, share = _moved(overlay.rgb, box, fragment.box), _moved(overlay.share, box, fragment.box)
        moved.append(replace(overlay, rgb=rgb, share=share))
    ids = (*fragment.layer_ids, *(node.layer_id for _, node in overlays))
    return replace(paint_into(fragment, fill, moved), layer_ids=tuple(sorted(ids)))


def _outer_half(stroke: Stroke, own: Sequence[Fragment], node: Node, owner: Node) -> Fragment:
    alpha = _beside_alone(stroke.beside, own, stroke.box, owner)
    return as_fragment(stroke.rgb, alpha, stroke.box, node.layer_id, owner.layer_id)


def _beside_alone(beside: np.ndarray, own: Sequence[Fragment], box: Box, owner: Node) -> np.ndarray:
    """The alpha of what shows `beside` a layer that is painted over it, whose soft edge will cover a part of it."""
    room = np.maximum(1 - np.float32(owner.opacity) * total_alpha(own, box), np.float32(1e-6))
    alpha: np.ndarray = np.clip(beside / room, 0, 1) * (beside > 0)
    return alpha


def _moved(array: np.ndarray, box: Box, target: Box) -> np.ndarray:
    """An array on `box` as it stands on `target`, 0 where it does not reach."""
    if box == target:
        return array
    result = np.zeros((*size(target), *array.shape[2:]), array.dtype)
    inner = intersect(box, target)
    if inner is not None:
        view(result, target, inner)[...] = view(array, box, inner)
    return result
