"""An open document -> its layer tree as plain layers, and a node for everything in the tree.

One pass from the bottom to the top. Nested Normal content becomes plain layers by the rule of weights
(`weights`), any other blend mode by baking over the backdrop (`bake`). What has neither is flattened into
one layer, and its nodes say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from psd_tools.api import adjustments
from psd_tools.api.layers import AdjustmentLayer, Layer
from psd_tools.constants import BlendMode, Knockout, Tag

from data_pipeline.boxes import intersect, union
from data_pipeline.colour import ColourSpace
from data_pipeline.document import Document
from data_pipeline.flatten.backdrop import Backdrop, ClippingBackdrop, merged
from data_pipeline.flatten.bake import bake
from data_pipeline.flatten.coverage import Coverage, mask_coverage
from data_pipeline.flatten.effects import (
    OVERLAYS,
    STROKE,
    Effect,
    Overlay,
    Stroke,
    as_fragment,
    draw_overlay,
    draw_stroke,
    effects_of,
    paint_into,
)
from data_pipeline.flatten.fragment import Fragment, settle
from data_pipeline.flatten.leaf import read_leaf, vector_stroke
from data_pipeline.flatten.node import Node, effect_node, node_of
from data_pipeline.flatten.unsupported import unsupported_features
from data_pipeline.flatten.weights import clip, erase, scale, total_alpha
from schemas.reasons import DropReason
from schemas.stack import Box, PlainLayer, Stack

_NORMAL = (BlendMode.NORMAL, BlendMode.PASS_THROUGH, BlendMode.DISSOLVE)
_ADJUSTMENTS = frozenset(
    kind.__name__.lower() for kind in adjustments.TYPES.values() if issubclass(kind, AdjustmentLayer)
)


@dataclass(frozen=True, eq=False)
class Flattened:
    """The whole visible document, nothing dropped yet, an RGB document still in its own RGB. `nodes` are the
    tree, in tree order; the stack's `layer_ids` point into it."""

    stack: Stack
    nodes: tuple[Node, ...]
    unsupported: tuple[str, ...]


def flatten(document: Document, space: ColourSpace) -> Flattened:
    """Raises DamagedPixels where a visible layer's channels cannot be decompressed."""
    walk = _Walk(document, space)
    backdrop = Backdrop(walk.canvas)
    walk.children(list(document.psd), None, backdrop)
    layers = [layer for layer in (_plain(fragment) for fragment in backdrop.fragments) if layer is not None]
    _note_vanished(walk.nodes, layers, walk.canvas)
    return Flattened(
        stack=Stack(document.width, document.height, tuple(layers)),
        nodes=tuple(walk.nodes),
        unsupported=tuple(sorted(walk.unsupported)),
    )


def _plain(fragment: Fragment) -> PlainLayer | None:
    settled = settle(fragment)
    if settled is None:
        return None
    dependence = min(1.0, fragment.backdrop_dependence)
    return PlainLayer(*settled, fragment.layer_ids, fragment.owner_id, fragment.baked, dependence)


def _note_vanished(nodes: Sequence[Node], layers: Sequence[PlainLayer], canvas: Box) -> None:
    """Leaves and effects that ended in no layer, and are not hidden, are empty or off the canvas."""
    alive = {layer_id for layer in layers for layer_id in layer.layer_ids}
    for node in nodes:
        if node.dropped is None and node.layer_id not in alive and node.has_paint:
            outside = node.box is not None and intersect(node.box, canvas) is None
            node.dropped = DropReason.OFF_CANVAS if outside else DropReason.EMPTY


class _Walk:
    """The state of one pass: the nodes met so far and what could not be drawn."""

    def __init__(self, document: Document, space: ColourSpace) -> None:
        self.canvas: Box = (0, 0, document.width, document.height)
        self.nodes: list[Node] = []
        self.unsupported: set[str] = {"icc_profile"} if space.damaged_profile else set()
        self._space = space
        self._background = document.psd[0] if len(document.psd) and document.psd[0].name == "Background" else None

    def children(self, layers: Sequence[Layer], parent: Node | None, backdrop: Backdrop) -> None:
        """Paint siblings, bottom to top; each takes the layers that are clipped to it along."""
        scope = len(backdrop.fragments)
        units: list[list[Layer]] = []
        for layer in layers:
            if layer.clipping and units:
                units[-1].append(layer)
            else:
                units.append([layer])
        for base, *clipped in units:
            self._unit(base, clipped, parent, backdrop, scope)

    def _register(self, node: Node) -> Node:
        self.nodes.append(node)
        return node

    def _drop(self, layer: Layer, parent: Node | None, reason: DropReason) -> None:
        node = self._register(node_of(layer, len(self.nodes), parent))
        node.dropped = reason
        if layer.is_group():
            for child in layer._layers:
                self._drop(child, node, reason)

    def _unit(self, base: Layer, clipped: Sequence[Layer], parent: Node | None, backdrop: Backdrop, scope: int) -> None:
        """A base and what is clipped to it. `scope` is where the base's group begins in the backdrop."""
        reason = DropReason.HIDDEN if not base.visible else None
        if reason is None and (base.kind in _ADJUSTMENTS or Tag.BRIGHTNESS_AND_CONTRAST in base.tagged_blocks):
            kind = base.kind if base.kind in _ADJUSTMENTS else "brightnesscontrast"  # as Photoshop wrote it before CS3
            self.unsupported.add(f"adjustment:{kind}")
            reason = DropReason.UNDRAWN
        if reason is not None:
            for layer in (base, *clipped):
                self._drop(layer, parent, reason)
            return
        node = self._register(node_of(base, len(self.nodes), parent))
        effects = effects_of(base)
        self.unsupported.update(unsupported_features(base, effects))
        styled = [(effect, self._effect(node, effect)) for effect in effects]
        drawn = [(effect, own) for effect, own in styled if own.dropped is None]
        if base.is_group():
            masks = mask_coverage(base, self.canvas)
            plain = not clipped and not drawn and base.blend_mode == BlendMode.PASS_THROUGH and base.kind == "group"
            if plain and masks.times(node.opacity * node.fill).is_full:
                self.children(base._layers, node, backdrop)
                return
            region = self._group(base, node, masks, backdrop if base.blend_mode == BlendMode.PASS_THROUGH else None)
        else:
            region, masks = self._leaf(base, node, any(effect.kind == STROKE for effect, _ in drawn))
        if not region:
            for layer in clipped:
                self._drop(layer, parent, DropReason.EMPTY)
            return
        own = self._clipping_group(region, node, clipped, parent)
        own = self._overlaid(base, region, own, drawn, single=not clipped and not base.is_group())
        own, outer = self._stroked(base, region, masks, own, drawn)
        own = scale(own, Coverage(node.opacity))
        self._knock_out(base, region, own, backdrop, scope)
        for stroke in outer:
            self._composite([stroke[0].scaled(node.opacity)], stroke[1], backdrop)
        self._composite(own, BlendMode(base.blend_mode), backdrop)

    def _effect(self, owner: Node, effect: Effect) -> Node:
        node = self._register(effect_node(owner, len(self.nodes), effect.kind, effect.blend_mode, effect.opacity))
        if effect.kind not in (*OVERLAYS, STROKE):
            node.dropped = DropReason.UNDRAWN
        return node

    def _leaf(self, layer: Layer, node: Node, stroked: bool) -> tuple[list[Fragment], Coverage]:
        # A stroke follows the layer's own edge, so it must see the part of the layer beyond the canvas.
        window = union([self.canvas, tuple(layer.bbox)]) if stroked else self.canvas
        fragment = read_leaf(layer, node.layer_id, self._space, window)
        outline = vector_stroke(layer, self._space, window)
        parts = [part for part in (fragment, outline) if part is not None]
        if not parts:
            return [], Coverage()
        masks = mask_coverage(layer, union(part.box for part in parts))
        if fragment is not None and not masks.is_full:
            fragment = replace(fragment, alpha=fragment.exact_alpha() * masks.on(fragment.box))
        if outline is None:
            return ([fragment] if fragment is not None else []), masks
        both = merged([part for part in (fragment, outline) if part is not None])
        return ([replace(both, layer_ids=(node.layer_id,))] if both is not None else []), masks

    def _group(self, layer: Layer, node: Node, masks: Coverage, below: Backdrop | None) -> list[Fragment]:
        """A group's children in the group's own backdrop, at its masks' coverage."""
        frame = intersect(self.canvas, tuple(layer.bbox)) if layer.kind == "artboard" else self.canvas
        if frame is None:
            for child in layer._layers:
                self._drop(child, node, DropReason.OFF_CANVAS)
            return []
        if layer.kind == "artboard" and layer._artboard_background_defaults()[1]:
            self.unsupported.add("artboard_background")
        inner = Backdrop(frame, below)
        self.children(layer._layers, node, inner)
        return scale(inner.fragments, masks)

    def _clipping_group(
        self, region: list[Fragment], node: Node, clipped: Sequence[Layer], parent: Node | None
    ) -> list[Fragment]:
        own = scale(region, Coverage(node.fill))
        if not clipped:
            return own
        inner = ClippingBackdrop(region)
        for layer in clipped:
            self._unit(layer, [], parent, inner, scope=0)
        return clip(own, inner.fragments, region)

    def _overlaid(
        self,
        layer: Layer,
        region: list[Fragment],
        own: list[Fragment],
        effects: list[tuple[Effect, Node]],
        single: bool,
    ) -> list[Fragment]:
        """With the overlays: inside a single layer, on top of a group or clipping group."""
        box = union(fragment.box for fragment in region)
        overlays: list[tuple[Overlay, Node]] = []
        for effect, node in effects:
            if effect.kind not in OVERLAYS:
                continue
            overlay = draw_overlay(effect, layer, box, self._space)
            if overlay is None:
                self._undrawn(effect, node)
            else:
                overlays.append((overlay, node))
        if not overlays:
            return own
        owner_id = overlays[0][1].owner_id
        assert owner_id is not None
        if single:
            for _, node in overlays:
                node.flattened = True
            ids = (*region[0].layer_ids, *(node.layer_id for _, node in overlays))
            painted = paint_into(region[0], self.nodes[owner_id].fill, [overlay for overlay, _ in overlays])
            return [replace(painted, layer_ids=ids)]
        if layer.blend_mode in _NORMAL and all(overlay.blend_mode in _NORMAL for overlay, _ in overlays):
            tops = [as_fragment(o.rgb, o.share, box, node.layer_id, owner_id) for o, node in overlays]
            return clip(own, tops, region)
        flat = self._flat(own)
        for _, node in overlays:
            node.flattened = True
        around = [replace(o, rgb=_on(o.rgb, box, flat.box), share=_on(o.share, box, flat.box)) for o, _ in overlays]
        ids = tuple(sorted((*flat.layer_ids, *(node.layer_id for _, node in overlays))))
        return [replace(paint_into(flat, 1.0, around), layer_ids=ids)]

    def _stroked(
        self,
        layer: Layer,
        region: list[Fragment],
        masks: Coverage,
        own: list[Fragment],
        effects: list[tuple[Effect, Node]],
    ) -> tuple[list[Fragment], list[tuple[Fragment, BlendMode]]]:
        """With the strokes on top; their outer parts apart where a blend mode keeps them from being one layer."""
        outer: list[tuple[Fragment, BlendMode]] = []
        for effect, node in effects:
            if effect.kind != STROKE:
                continue
            stroke = draw_stroke(effect, layer, region, masks, self._space)
            if stroke is None or node.owner_id is None:
                self._undrawn(effect, node)
            elif layer.blend_mode in _NORMAL and stroke.blend_mode in _NORMAL:
                top = as_fragment(stroke.rgb, stroke.within, stroke.box, node.layer_id, node.owner_id)
                own = clip(own, [top], region, {top.layer_ids: stroke.beside})
            else:
                outer.append((self._outer(stroke, own, node), stroke.blend_mode))
                own = self._inner(stroke, own, node)
        return own, outer

    def _outer(self, stroke: Stroke, own: list[Fragment], node: Node) -> Fragment:
        """The part beside the layer, painted before it at the strength that the layer's soft edge leaves."""
        room = np.maximum(1 - total_alpha(own, stroke.box), np.float32(1e-6))
        alpha = np.clip(stroke.beside / room, 0, 1) * (stroke.beside > 0)
        assert node.owner_id is not None
        return as_fragment(stroke.rgb, alpha, stroke.box, node.layer_id, node.owner_id)

    def _inner(self, stroke: Stroke, own: list[Fragment], node: Node) -> list[Fragment]:
        """The part inside the layer, painted into it."""
        if not stroke.within.any():
            return own
        node.flattened = True
        flat = self._flat(own)
        overlay = Overlay(
            _on(stroke.rgb, stroke.box, flat.box), _on(stroke.within, stroke.box, flat.box), stroke.blend_mode
        )
        return [replace(paint_into(flat, 1.0, [overlay]), layer_ids=tuple(sorted((*flat.layer_ids, node.layer_id))))]

    def _undrawn(self, effect: Effect, node: Node) -> None:
        self.unsupported.add(f"effect:{effect.kind}")
        node.dropped = DropReason.UNDRAWN

    def _knock_out(
        self, layer: Layer, region: list[Fragment], own: list[Fragment], backdrop: Backdrop, scope: int
    ) -> None:
        """A knockout erases what lies below it in its group (shallow) or in the document (deep).

        Below a hole of coverage s, filled with a layer of alpha a, 1 - s is left of a weight. The layer on top will
        leave 1 - a, so the erasing leaves (1 - s) / (1 - a).
        """
        knockout = layer.tagged_blocks.get_data(Tag.KNOCKOUT_SETTING, 0)
        if not knockout:
            return
        start = scope
        if knockout == Knockout.DEEP:
            start = 0
            if backdrop.is_fork:
                self.unsupported.add("knockout_deep")
            elif self._background is not None and backdrop.fragments and backdrop.fragments[0].layer_ids == (0,):
                start = 1
        box = union(fragment.box for fragment in region)
        kept = 1 - total_alpha(region, box)
        covered = 1 - total_alpha(own, box)
        left = np.divide(kept, covered, out=np.zeros_like(kept), where=covered > 0)
        hole = Coverage(0.0, box, 1 - np.minimum(left, 1))
        backdrop.replace_from(start, erase(backdrop.fragments[start:], hole))

    def _composite(self, own: list[Fragment], mode: BlendMode, backdrop: Backdrop) -> None:
        if mode in _NORMAL:
            backdrop.add(own)
            return
        part = self._flat(own).crop(backdrop.box) if own else None
        if part is not None:
            backdrop.add([bake(part, mode, backdrop.picture(part.box))])

    def _flat(self, own: list[Fragment]) -> Fragment:
        """Several fragments as one; the nodes of all of them are flattened."""
        if len(own) == 1:
            return own[0]
        for fragment in own:
            for layer_id in fragment.layer_ids:
                self.nodes[layer_id].flattened = True
        flat = merged(own)
        assert flat is not None, "there is something to flatten"
        return flat


def _on(array: np.ndarray, box: Box, target: Box) -> np.ndarray:
    """An array on `box` moved to `target`, 0 where it does not reach."""
    if box == target:
        return array
    result = np.zeros((target[3] - target[1], target[2] - target[0], *array.shape[2:]), array.dtype)
    inner = intersect(box, target)
    if inner is not None:
        rows = slice(inner[1] - target[1], inner[3] - target[1])
        columns = slice(inner[0] - target[0], inner[2] - target[0])
        result[rows, columns] = array[inner[1] - box[1] : inner[3] - box[1], inner[0] - box[0] : inner[2] - box[0]]
    return result
