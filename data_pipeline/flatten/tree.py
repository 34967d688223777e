"""The nodes met on a walk through a layer tree, in tree order, and what of it could not be drawn."""

from collections.abc import Sequence
from dataclasses import replace

from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode

from data_pipeline.boxes import intersect
from data_pipeline.flatten.backdrop import merged
from data_pipeline.flatten.effects.effect import DRAWN, Effect
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.node import Node, effect_node, node_of
from schemas.reasons import DropReason
from schemas.stack import Box, PlainLayer


class Tree:
    """A node's place in `nodes` is its layer id."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.unsupported: set[str] = set()

    def add(self, layer: Layer, parent: Node | None) -> Node:
        """A layer or group comes next."""
        return self._added(node_of(layer, len(self.nodes), parent))

    def add_effect(self, owner: Node, effect: Effect) -> Node:
        """An effect of a layer comes next."""
        node = self._added(effect_node(owner, len(self.nodes), effect.kind, effect.blend_mode, effect.opacity))
        if effect.kind not in DRAWN or not effect.readable:
            self.leave_undrawn(effect, node)
        return node

    def add_ground(self, owner: Node) -> Node:
        """The ground of an artboard comes next."""
        return self._added(effect_node(owner, len(self.nodes), "artboard_background", BlendMode.NORMAL, 1.0))

    def _added(self, node: Node) -> Node:
        self.nodes.append(node)
        return node

    def drop(self, layer: Layer, parent: Node | None, reason: DropReason) -> None:
        """A layer, or a group with all that it holds, comes next and goes no further."""
        node = self.add(layer, parent)
        node.dropped = reason
        if layer.is_group():
            for child in layer._layers:
                self.drop(child, node, reason)

    def leave_undrawn(self, effect: Effect, node: Node) -> None:
        """An effect that cannot be rendered."""
        self.unsupported.add(f"effect:{effect.kind}")
        node.dropped = DropReason.UNDRAWN

    def flattened(self, fragments: Sequence[Fragment]) -> Fragment:
        """Fragments as one; where they are several, the nodes of all of them are flattened."""
        if len(fragments) == 1:
            return fragments[0]
        for fragment in fragments:
            for layer_id in fragment.layer_ids:
                self.nodes[layer_id].flattened = True
        return merged(fragments)


def filed_once(layers: Sequence[PlainLayer]) -> tuple[PlainLayer, ...]:
    """Every node in one layer: a stroke that a blend mode has cut in two is where it is alone, not in its owner too."""
    alone = {layer.layer_ids[0] for layer in layers if len(layer.layer_ids) == 1}
    return tuple(
        replace(layer, layer_ids=tuple(i for i in layer.layer_ids if i not in alone))
        if len(layer.layer_ids) > 1
        else layer
        for layer in layers
    )


def note_vanished(nodes: Sequence[Node], layers: Sequence[PlainLayer], canvas: Box) -> None:
    """Leaves and effects that ended in no layer, and are not hidden, are empty or off the canvas."""
    alive = {layer_id for layer in layers for layer_id in layer.layer_ids}
    for node in nodes:
        if node.dropped is None and node.layer_id not in alive and node.has_paint:
            outside = node.box is not None and intersect(node.box, canvas) is None
            node.dropped = DropReason.OFF_CANVAS if outside else DropReason.EMPTY
