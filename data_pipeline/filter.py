"""A flattened document -> the layers worth keeping; every other node learns why it is dropped."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_pipeline.anomaly import Anomaly, Detector, anomalies
from data_pipeline.contribution import Contributions, contributions
from data_pipeline.flatten import Flattened
from data_pipeline.flatten.node import Node
from schemas.options import CurateOptions
from schemas.reasons import DropReason
from schemas.stack import PlainLayer, Stack


@dataclass(frozen=True, eq=False)
class Filtered:
    """`stack` is what is kept, `anomalous` what detectors dropped."""

    stack: Stack
    anomalous: tuple[PlainLayer, ...]


def drop_layers(
    flat: Flattened, contribution: Contributions, options: CurateOptions, detectors: Sequence[Detector] = ()
) -> Filtered:
    """Drop anomalous layers, then those that show on too few pixels or change nothing.

    `contribution` was measured on the whole stack; where an anomalous layer goes, it is measured again without it.
    """
    least_px = least_visible_px(flat.stack, options)
    stack = flat.stack
    anomalous: list[PlainLayer] = []
    innocent: set[int] = set()
    while True:  # what an anomalous layer hid may be anomalous too
        visible = [layer for layer, kept in zip(stack.layers, contribution.kept, strict=True) if kept]
        unseen = tuple(layer for layer in visible if id(layer) not in innocent)
        found = anomalies(unseen, stack, detectors)
        if not found:
            break
        for index, anomaly in found.items():
            _note_anomaly(unseen[index], anomaly, flat.nodes)
            anomalous.append(unseen[index])
        innocent.update(id(layer) for index, layer in enumerate(unseen) if index not in found)
        gone = set(map(id, anomalous))
        stack = replace(stack, layers=tuple(layer for layer in stack.layers if id(layer) not in gone))
        _, contribution = contributions(stack, least_px, options.min_difference)
    for index, layer in enumerate(stack.layers):
        _note_contribution(layer, contribution, index, least_px, flat.nodes)
    kept = tuple(layer for layer, stays in zip(stack.layers, contribution.kept, strict=True) if stays)
    return Filtered(replace(stack, layers=kept), tuple(anomalous))


def least_visible_px(stack: Stack, options: CurateOptions) -> int:
    """On how many pixels a layer has to show: on a canvas below 64 x 64, in proportion to it."""
    return max(1, min(options.min_visible_px, options.min_visible_px * stack.width * stack.height // 64**2))


def _note_anomaly(layer: PlainLayer, anomaly: Anomaly, nodes: Sequence[Node]) -> None:
    for layer_id in layer.layer_ids:
        node = nodes[layer_id]
        node.dropped, node.value, node.threshold = anomaly.reason, anomaly.value, anomaly.threshold


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


def in_place(layer: PlainLayer, stack: Stack) -> np.ndarray:
    """A layer on its whole canvas, uint8 RGBA [height, width, 4]."""
    canvas = np.zeros((stack.height, stack.width, 4), np.uint8)
    left, top, right, bottom = layer.box
    canvas[top:bottom, left:right] = layer.rgba
    return canvas
