"""An open document -> its layer tree as plain layers, and a node for everything in the tree.

One pass from the bottom to the top. Nested Normal content becomes plain layers by the rule of weights
(`weights`), any other blend mode by baking over the backdrop (`bake`). What has neither is flattened into
one layer, and its nodes say so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode

from data_pipeline.boxes import intersect, union
from data_pipeline.colour import ColourSpace
from data_pipeline.document import Document
from data_pipeline.flatten.adjustments.kinds import adjustment_kind, read_change, unmeasured_adjustments
from data_pipeline.flatten.adjustments.recolour import Adjustment
from data_pipeline.flatten.apart import blends_apart, fork_apart, shaped
from data_pipeline.flatten.artboard import artboard_frame, ground_of
from data_pipeline.flatten.backdrop import Backdrop, ClippingBackdrop, adjust_below
from data_pipeline.flatten.blend_if import blend_if_of, within_ranges
from data_pipeline.flatten.channels import in_own_channels
from data_pipeline.flatten.coverage import Coverage, has_masks, mask_coverage, mask_frame
from data_pipeline.flatten.effects.effect import Effect, effects_of, reach_of
from data_pipeline.flatten.effects.stroked import stroked
from data_pipeline.flatten.effects.styled import Styled, cast_below, overlaid
from data_pipeline.flatten.fill import fades_colour
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.groups import is_clipped, only_holds, reach
from data_pipeline.flatten.hiding import cut_by_masks, hides_effects, shaping_coverage
from data_pipeline.flatten.knockout import is_background, knock_out, knockout_start
from data_pipeline.flatten.lay import NORMAL_MODES, as_filled, as_normal, effect_as_normal
from data_pipeline.flatten.leaf import masked_leaf
from data_pipeline.flatten.node import Node
from data_pipeline.flatten.outline import outline_of, parted
from data_pipeline.flatten.restrict import draws_restriction, restricted
from data_pipeline.flatten.settle import settle
from data_pipeline.flatten.text import bake_text
from data_pipeline.flatten.tree import Tree, filed_once, note_vanished
from data_pipeline.flatten.unsupported import unsupported_features
from data_pipeline.flatten.weights import clip, scale
from data_pipeline.flatten.window import seen_window
from data_pipeline.tagged_blocks import knocks_out, parse_geometry
from schemas.reasons import DropReason
from schemas.stack import Box, PlainLayer, Stack

_MOST_EXCESS = 1.5 / 255  # as far as a composite may be off


@dataclass(frozen=True, eq=False)
class Flattened:
    """The whole visible document, nothing dropped yet, an RGB document still in its own RGB. `nodes` are the
    tree, in tree order; the stack's `layer_ids` point into it."""

    stack: Stack
    nodes: tuple[Node, ...]
    unsupported: tuple[str, ...]


def flatten(
    document: Document,
    space: ColourSpace,
    text_gamma: float | None = None,
    finished: Callable[[Layer], None] = lambda layer: None,
) -> Flattened:
    """Raises DamagedPixels where a visible layer's channels cannot be decompressed.

    Text is mixed with what lies below at `text_gamma`, else as every other layer. `finished` is called with each
    layer or group at the top of the tree once nothing will read it again.
    """
    backdrop, tree = walked(document, space, text_gamma, finished)
    layers = filed_once([_plain(*settled) for settled in settle(backdrop.fragments, backdrop.box)])
    note_vanished(tree.nodes, layers, backdrop.box)
    if any(fragment.excess > _MOST_EXCESS for fragment in backdrop.fragments):
        tree.unsupported.add("adjustment_on_transparency")  # drawn, as far as plain layers can
    unsupported = tree.unsupported | ({"icc_profile"} if space.damaged_profile else set())
    stack = Stack(document.width, document.height, layers)
    return Flattened(stack, tuple(tree.nodes), tuple(sorted(unsupported)))


def unpainted(document: Document) -> tuple[Node, ...]:
    """The nodes of a document whose pixels are damaged: all dropped with it."""
    tree = Tree()
    for layer in document.psd:
        tree.drop(layer, None, DropReason.DOCUMENT_REJECTED)
    return tuple(tree.nodes)


def walked(
    document: Document,
    space: ColourSpace,
    text_gamma: float | None = None,
    finished: Callable[[Layer], None] = lambda layer: None,
) -> tuple[Backdrop, Tree]:
    """The document painted, its alphas not yet rounded to 1/255, and its nodes. Raises as `flatten`."""
    walk = _Walk(document, space, text_gamma, finished)
    backdrop = Backdrop(walk.canvas)
    walk.children(list(document.psd), None, backdrop)
    return backdrop, walk.tree


def _plain(fragment: Fragment, box: Box, rgba: np.ndarray) -> PlainLayer:
    dependence = min(1.0, fragment.backdrop_dependence)
    return PlainLayer(box, rgba, fragment.layer_ids, fragment.owner_id, fragment.baked, dependence)


@dataclass(frozen=True, eq=False)
class _Unit:
    """A visible layer or group, what is clipped to it, and its effects that are drawn. `masks_on` says which of its
    masks shape it; one that `is_alone` has no effects, no knockout and nothing clipped to it."""

    base: Layer
    clipped: Sequence[Layer]
    node: Node
    parent: Node | None
    effects: Sequence[tuple[Effect, Node]]
    masks_on: Callable[[Layer, Box], Coverage]
    is_alone: bool


class _Walk:
    """The state of one pass."""

    def __init__(
        self, document: Document, space: ColourSpace, text_gamma: float | None, finished: Callable[[Layer], None]
    ) -> None:
        self.canvas: Box = (0, 0, document.width, document.height)
        self.tree = Tree()
        self._space = space
        self._text_gamma = text_gamma
        self._finished = finished
        self._has_background = is_background(document.psd[0])

    def children(self, layers: Sequence[Layer], parent: Node | None, backdrop: Backdrop) -> None:
        """Paint siblings, bottom to top; each takes the layers that are clipped to it along."""
        scope = len(backdrop.fragments)
        units: list[list[Layer]] = []
        for layer in layers:
            if is_clipped(layer) and units:
                units[-1].append(layer)
            else:
                units.append([layer])
        for base, *clipped in units:
            self._unit(base, clipped, parent, backdrop, scope)
            if parent is None:  # not earlier: the effects of a group ask what its layers are
                for layer in (base, *clipped):
                    self._finished(layer)

    def _unit(self, base: Layer, clipped: Sequence[Layer], parent: Node | None, backdrop: Backdrop, scope: int) -> None:
        """A base and what is clipped to it. `scope` is where the base's group begins in the backdrop."""
        if not base.visible:
            for layer in (base, *clipped):
                self.tree.drop(layer, parent, DropReason.HIDDEN)
            return
        node = self.tree.add(base, parent)
        if adjustment_kind(base) is not None:
            self._adjust(base, clipped, node, parent, backdrop)
            return
        if not base.has_pixels():
            parse_geometry(base)
        effects = effects_of(base)
        is_alone = not effects and not clipped and not knocks_out(base)
        self.tree.unsupported.update(unsupported_features(base, effects, clipped, is_alone=is_alone))
        added = [(effect, self.tree.add_effect(node, effect)) for effect in effects]
        drawn = [(effect, own) for effect, own in added if own.dropped is None]
        if base.is_group() and not clipped and not drawn and only_holds(base):
            self.children(base._layers, node, backdrop)
        elif drawn and hides_effects(base) and not knocks_out(base):
            inner = Backdrop(backdrop.box, backdrop)
            self._paint(_Unit(base, clipped, node, parent, drawn, shaping_coverage, is_alone), inner, 0)
            cut_by_masks(inner, base, backdrop)
        else:
            self._paint(_Unit(base, clipped, node, parent, drawn, mask_coverage, is_alone), backdrop, scope)

    def _paint(self, unit: _Unit, backdrop: Backdrop, scope: int) -> None:
        base, clipped, node, is_alone = unit.base, unit.clipped, unit.node, unit.is_alone
        seen_px = reach_of([effect for effect, _ in unit.effects])
        if base.is_group():
            region, masks = self._group(unit, seen_px, backdrop), Coverage()
        else:
            window = seen_window(backdrop.box, tuple(base.bbox), seen_px, self.tree)
            region, masks = masked_leaf(base, node, self._space, window, unit.masks_on, self.tree)
        if not region:
            for layer in clipped:
                self.tree.drop(layer, unit.parent, DropReason.EMPTY)
            return
        outline = outline_of(base, region, self._space) if clipped or unit.effects else None
        styled = Styled(base, node, unit.effects, region, masks, outline, not clipped and not base.is_group())
        is_filled = is_alone and fades_colour(base, node.fill)
        mode = BlendMode(base.blend_mode)
        inner = fork_apart(styled, backdrop, self.tree, self._space) if clipped and blends_apart(base) else None
        if inner is None:
            own = region if is_filled else self._clipping_group(styled, clipped, unit.parent)
        else:
            count, mode = len(inner.fragments), BlendMode.NORMAL
            for layer in clipped:
                self._unit(layer, [], unit.parent, inner, scope=0)
            own = shaped(styled, inner, count, backdrop)
        own, above = (own, []) if inner and styled.blends_as_group else overlaid(styled, own, self.tree, self._space)
        below = cast_below(styled, own, backdrop.box, self.tree, self._space)
        own, outer, embossed = stroked(styled, own, self.tree, self._space)
        own = scale(own, Coverage(node.opacity))
        self._add_effects((*below, *outer), node.opacity, backdrop)
        ranges = blend_if_of(base) if is_alone else None
        if ranges is not None:
            own = within_ranges(own, ranges, backdrop)
        start = knockout_start(base, backdrop, scope, self._has_background, self.tree)
        if start is not None:
            own = as_normal(own, mode, backdrop.up_to(start), self.tree, self._space)
            knock_out(region, own, backdrop, start)
        elif is_alone and draws_restriction(base):
            own = restricted(own, base, backdrop, self.tree, self._space)
        elif self._text_gamma is not None and base.kind == "type" and mode in NORMAL_MODES and len(own) == 1:
            part = own[0].crop(backdrop.box)
            own = [] if part is None else [bake_text(part, self._text_gamma, backdrop)]
        elif is_filled:
            own = as_filled(own, base, node.fill, backdrop, self.tree, self._space)
        else:
            own = as_normal(own, mode, backdrop, self.tree, self._space)
        backdrop.add(own)
        self._add_effects((*above, *embossed), node.opacity, backdrop)

    def _add_effects(self, parts: Sequence[tuple[Fragment, BlendMode]], opacity: float, backdrop: Backdrop) -> None:
        """Effects of a layer of this opacity, each in its own mode."""
        for _, same in groupby(parts, key=lambda part: part[0].layer_ids):
            backdrop.add(effect_as_normal(list(same), opacity, backdrop, self.tree, self._space))

    def _adjust(
        self, layer: Layer, clipped: Sequence[Layer], node: Node, parent: Node | None, backdrop: Backdrop
    ) -> None:
        """An adjustment layer changes the colours of what lies below it; what is clipped to it follows its masks."""
        self.tree.unsupported.update(
            unsupported_features(layer, (), clipped, is_alone=not clipped and not knocks_out(layer))
        )
        frame = mask_frame(layer)
        box = backdrop.box if frame is None else intersect(backdrop.box, frame)
        mode = BlendMode(layer.blend_mode)
        if mode not in NORMAL_MODES and any(adjustment_kind(one) is None for one in clipped):
            self.tree.unsupported.add("clipped_to_adjustment")  # drawn as if in its own mode alone
        change = read_change(layer, self._space)
        if change is None:
            self.tree.unsupported.add(f"adjustment:{adjustment_kind(layer)}")
            node.dropped = DropReason.UNDRAWN
        else:
            self.tree.unsupported.update(unmeasured_adjustments(layer, self._space))
        if box is None:
            for one in clipped:
                self.tree.drop(one, parent, DropReason.OFF_CANVAS)
            return
        inner = Backdrop(box, backdrop)
        if change is not None:
            inner.adjust(Adjustment(*in_own_channels(self._space, change, mode), Coverage(), box))
        for one in clipped:
            self._unit(one, [], parent, inner, scope=0)
        coverage = mask_coverage(layer, box).times(node.opacity * node.fill)
        adjust_below(inner, coverage, backdrop)
        backdrop.add(scale(inner.fragments, coverage))

    def _group(self, unit: _Unit, seen_px: int, around: Backdrop) -> list[Fragment]:
        """A group's children in the group's own backdrop, at its masks' coverage."""
        layer, node = unit.base, unit.node
        passes_through = layer.blend_mode == BlendMode.PASS_THROUGH
        is_artboard = layer.kind == "artboard"
        frame = artboard_frame(layer, around.box, self.tree) if is_artboard else around.box
        if frame is None:
            for child in layer._layers:
                self.tree.drop(child, node, DropReason.OFF_CANVAS)
            return []
        if seen_px and layer.kind == "group":
            seen = seen_window(frame, reach(layer, frame), seen_px, self.tree)
            if passes_through and seen != frame:  # its children see the canvas alone
                self.tree.unsupported.add("effects_beyond_the_canvas")
            elif not passes_through:
                frame = seen
        # Faded by its fill, or clipped to, a group keeps its adjustments to itself, as psd-tools found.
        keeps = bool(unit.clipped) or node.fill < 1
        inner = Backdrop(frame, around if passes_through else None, keeps_adjustments=keeps)
        if is_artboard:
            inner.add(ground_of(layer, node, frame, self.tree))
        self.children(layer._layers, node, inner)
        masks = unit.masks_on(layer, frame) if inner.adjustments and has_masks(layer) else Coverage()
        adjust_below(inner, masks.times(node.opacity), around)
        if not inner.fragments or not has_masks(layer):
            return inner.fragments
        return scale(inner.fragments, unit.masks_on(layer, union(part.box for part in inner.fragments)))

    def _clipping_group(self, styled: Styled, clipped: Sequence[Layer], parent: Node | None) -> list[Fragment]:
        region, fill = styled.region, styled.node.fill
        if not clipped:
            return scale(region, Coverage(fill))
        if fill < 1:
            self.tree.unsupported.add("clipped_to_partial_fill")  # drawn, but not known to be Photoshop's way
        inner = ClippingBackdrop(region)
        for layer in clipped:
            self._unit(layer, [], parent, inner, scope=0)
        base, tops = inner.base, inner.fragments
        if styled.outline is not None:
            base, tops = parted(base, styled.outline, tops), scale(tops, styled.outline.beside)
        return clip(scale(base, Coverage(fill)), tops, region)
