"""A flattened document -> the layers worth keeping; every other node learns why it is dropped."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from data_pipeline.anomaly import Judge, Opinion, Scene, Subject, Verdict, judged
from data_pipeline.contribution import Contributions, contributions
from data_pipeline.flatten import Flattened
from data_pipeline.flatten.node import Node
from schemas.options import CurateOptions
from schemas.reasons import DropReason
from schemas.stack import PlainLayer, Stack

_ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Filtered:
    """`stack` is what is kept, `anomalous` what detectors dropped, with the effects of what they dropped."""

    stack: Stack
    anomalous: tuple[PlainLayer, ...]


def drop_layers(
    flat: Flattened,
    contribution: Contributions,
    options: CurateOptions,
    judges: Sequence[Judge] = (),
    opinion: Opinion | None = None,
) -> Filtered:
    """Drop anomalous layers, then those that show on too few pixels or change nothing.

    `contribution` was measured on the whole stack; where an anomalous layer goes, it is measured again without it. In
    the last of so many rounds all that is left is judged, hidden or not: a pile of marks shall not cost a round each.
    """
    least_px = least_visible_px(flat.stack, options)
    stack = flat.stack
    anomalous: list[PlainLayer] = []
    seen: set[int] = set()
    for rounds_left in reversed(range(_ROUNDS if judges else 0)):  # what an anomalous layer hid may be anomalous too
        scene = Scene(stack)
        gone: dict[int, Verdict] = {}
        shows = [bool(kept) or not rounds_left for kept in contribution.kept]
        with_paint = {i for one, shown in zip(stack.layers, shows, strict=True) if shown and one.owner_id is None
                      for i in one.layer_ids}  # fmt: skip
        for index, layer in enumerate(stack.layers):
            if not shows[index] or id(layer) in seen or layer.owner_id in with_paint:
                continue  # effects follow their owner
            seen.add(id(layer))
            nodes = tuple(flat.nodes[layer_id] for layer_id in layer.layer_ids)
            if layer.owner_id is not None:  # with a fill of 0, an owner shows by its effects alone
                nodes = (flat.nodes[layer.owner_id], *nodes)
            verdict = judged(Subject(layer, nodes, scene, index), judges, opinion)
            _note_verdict(nodes, verdict)
            if verdict.drop is not None:
                gone[index] = verdict
        if not gone:
            break
        dropped = [layer for index, layer in enumerate(stack.layers) if index in gone]
        dropped += _effects_of(dropped, stack, flat.nodes)
        anomalous += dropped
        left = {id(layer) for layer in dropped}
        stack = replace(stack, layers=tuple(layer for layer in stack.layers if id(layer) not in left))
        _, contribution = contributions(stack, least_px, options.min_difference)
    for index, layer in enumerate(stack.layers):
        _note_contribution(layer, contribution, index, least_px, flat.nodes)
    kept = tuple(layer for layer, stays in zip(stack.layers, contribution.kept, strict=True) if stays)
    return Filtered(replace(stack, layers=kept), tuple(anomalous))


def _effects_of(dropped: Sequence[PlainLayer], stack: Stack, nodes: Sequence[Node]) -> list[PlainLayer]:
    """The shadows and glows that dropped layers would leave behind; they learn why they go."""
    by_owner = {layer_id: nodes[layer_id] for layer in dropped for layer_id in layer.layer_ids}
    gone = {id(layer) for layer in dropped}
    effects = [layer for layer in stack.layers if layer.owner_id in by_owner and id(layer) not in gone]
    for layer in effects:
        owner = by_owner[layer.owner_id]  # type: ignore[index]  # it is a key, so it is not None
        for layer_id in layer.layer_ids:
            nodes[layer_id].dropped, nodes[layer_id].value = owner.dropped, owner.value
            nodes[layer_id].threshold = owner.threshold
    return effects


def least_visible_px(stack: Stack, options: CurateOptions) -> int:
    """On how many pixels a layer has to show: on a canvas below 64 x 64, in proportion to it."""
    return max(1, min(options.min_visible_px, options.min_visible_px * stack.width * stack.height // 64**2))


def _note_verdict(nodes: Sequence[Node], verdict: Verdict) -> None:
    """A node whose pixels are in several layers keeps the most that was measured of any."""
    for node in nodes:
        node.measures = {name: max(value, node.measures.get(name, value)) for name, value in verdict.measures.items()}
        node.flags = tuple(sorted({*node.flags, *verdict.flags}))
        if verdict.drop is not None:
            node.dropped, node.threshold = verdict.drop.reason, verdict.drop.threshold
            node.value = node.measures[verdict.drop.reason]


def _note_contribution(
    layer: PlainLayer, contribution: Contributions, index: int, least_px: int, nodes: Sequence[Node]
) -> None:
    visible_px = int(contribution.visible_px[index])
    for layer_id in layer.layer_ids:
        node = nodes[layer_id]
        node.visible_px = visible_px
        node.contribution = float(contribution.mean_difference[index])
        if not contribution.kept[index]:
            node.dropped = DropReason.NON_CONTRIBUTING if visible_px == 0 else DropReason.TOO_SMALL
            node.value, node.threshold = float(visible_px), float(least_px)
