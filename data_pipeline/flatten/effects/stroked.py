"""A layer's fragments -> the same with its strokes, each a layer of its own.

A full stroke lies above its layer. One that is faint or blends knocks its band out of the layer, and lies below it; so
Photoshop shows what is below the layer through it. Where its descriptor says that it overprints, it is painted in.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from psd_tools.constants import BlendMode

from data_pipeline.boxes import on_box, size, union
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.effects.bevel import draw_bevel_along
from data_pipeline.flatten.effects.effect import BEVEL, STROKE
from data_pipeline.flatten.effects.overlay import Overlay, as_fragment
from data_pipeline.flatten.effects.stroke import Stroke, draw_stroke
from data_pipeline.flatten.effects.styled import Styled, beside_alone, is_normal, painted_in
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.node import Node
from data_pipeline.flatten.tree import Tree
from data_pipeline.flatten.weights import clip, scale, total_alpha
from schemas.stack import Box


def stroked(
    styled: Styled, own: list[Fragment], tree: Tree, space: ColourSpace
) -> tuple[list[Fragment], list[tuple[Fragment, BlendMode]], list[tuple[Fragment, BlendMode]]]:
    """With the strokes; apart, what has to be painted before the layer and after it, bottom to top, in its own mode."""
    drawn: list[tuple[Stroke, Node]] = []
    for effect, node in styled.effects:
        if effect.kind == STROKE:
            stroke = draw_stroke(effect, styled.layer, styled.region, styled.masks, space)
            if stroke is None:
                tree.leave_undrawn(effect, node)
            else:
                drawn.append((stroke, node))
    below: list[tuple[Fragment, BlendMode]] = []
    plain: list[tuple[Stroke, Node]] = []
    for stroke, node in _uncovered(styled, drawn):
        if (
            styled.is_normal
            and is_normal(stroke.blend_mode)
            and (not stroke.knocks_out or (stroke.strength == 1).all())
        ):
            plain.append((stroke, node))
            continue
        own, plain = _knitted(styled, own, plain), []
        weight = stroke.beside
        if stroke.knocks_out:
            weight = weight + stroke.within * total_alpha(styled.region, stroke.box)
            own = scale(own, Coverage(1.0, stroke.box, 1 - stroke.within))
        elif stroke.within.any():
            inner = Overlay(stroke.rgb, stroke.within * stroke.strength, stroke.blend_mode)
            own = [painted_in(tree.flattened(own), 1.0, [(inner, node)], stroke.box, space)]
        alpha = beside_alone(weight * stroke.strength, own, stroke.box, styled.node)
        fragment = as_fragment(stroke.rgb, alpha, stroke.box, node.layer_id, styled.node.layer_id)
        below.append((fragment, stroke.blend_mode))
    return _knitted(styled, own, plain), below, _embossed(styled, [stroke for stroke, _ in drawn], tree, space)


def _embossed(
    styled: Styled, strokes: Sequence[Stroke], tree: Tree, space: ColourSpace
) -> list[tuple[Fragment, BlendMode]]:
    """The bevels that lie on the strokes; there are none where there is no stroke."""
    if not strokes:
        return []
    box = union(stroke.box for stroke in strokes)
    bands = [stroke.beside + stroke.within * total_alpha(styled.region, stroke.box) for stroke in strokes]
    band = np.maximum.reduce([on_box(band, stroke.box, box) for band, stroke in zip(bands, strokes, strict=True)])
    above: list[tuple[Fragment, BlendMode]] = []
    for effect, node in styled.effects:
        tones = draw_bevel_along(effect, styled.layer, band, box, space) if effect.kind == BEVEL else []
        if tones is None:
            tree.leave_undrawn(effect, node)
        for tone in tones or ():
            above.append((as_fragment(tone.rgb, tone.share, box, node.layer_id, styled.node.layer_id), tone.blend_mode))
    return above


def _uncovered(styled: Styled, strokes: Sequence[tuple[Stroke, Node]]) -> list[tuple[Stroke, Node]]:
    """Bottom to top. Beside the layer an upper stroke, whatever its mode, covers its share of the lower ones."""
    if len(strokes) < 2:
        return list(strokes)
    upper: list[tuple[Box, np.ndarray]] = []
    result: list[tuple[Stroke, Node]] = []
    for stroke, node in reversed(strokes):
        room = 1 - total_alpha(styled.region, stroke.box)
        left = np.ones(size(stroke.box), np.float32)
        for box, share in upper:
            left *= 1 - on_box(share, box, stroke.box)
        share = np.divide(stroke.beside, room, out=np.zeros_like(left), where=room > 0)
        if not stroke.knocks_out:
            share *= stroke.strength
        upper.append((stroke.box, np.minimum(share, 1)))
        result.insert(0, (replace(stroke, beside=stroke.beside * left), node))
    return result


def _knitted(styled: Styled, own: list[Fragment], strokes: Sequence[tuple[Stroke, Node]]) -> list[Fragment]:
    """Normal strokes, bottom to top, as layers above the layer."""
    tops: list[Fragment] = []
    beside: dict[tuple[int, ...], np.ndarray] = {}
    for stroke, node in strokes:
        share = stroke.within * stroke.strength
        top = as_fragment(stroke.rgb, share, stroke.box, node.layer_id, styled.node.layer_id)
        beside[top.layer_ids] = stroke.beside * stroke.strength
        tops.append(top)
    return clip(own, tops, styled.region, beside) if tops else own
