"""A document as plain layers with their nodes -> a sample or a refusal: the recipe, whatever the layers came as.

Hold them against the picture that came with them, drop what contributes nothing, merge what does not overlap, resize,
caption. How a document becomes plain layers is for its format to say: `curate` for PSDs, `imported` for the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_pipeline.anomaly import Detector, Judge, Opinion, built_in
from data_pipeline.contribution import Contributions
from data_pipeline.document import Refusal
from data_pipeline.fidelity import Distance
from data_pipeline.filter import drop_layers, least_visible_px
from data_pipeline.flatten import Flattened
from data_pipeline.flatten.node import Node
from data_pipeline.merge import merge
from data_pipeline.outcome import Case, sample, too_far
from data_pipeline.painting import is_gold
from data_pipeline.previews import layer_preview
from data_pipeline.resize import resize_each
from schemas.members import document_id_of
from schemas.options import CurateOptions
from schemas.reasons import Reason, Stage
from schemas.rows import DocumentRow
from schemas.sample import Sample
from schemas.stack import PlainLayer, Stack

Recolour = Callable[[np.ndarray], np.ndarray]  # straight uint8 RGBA in the document's colours -> the same in sRGB

_MAX_SIDE_PX = 16_000  # of what is stored; a WebP image holds 16,383
_MAX_DROPPED = 100  # previews of dropped layers: their names have two digits


@dataclass(frozen=True)
class Jury:
    """Who drops anomalous layers, and who is asked before one goes."""

    judges: tuple[Judge, ...]
    opinion: Opinion | None


def jury_of(options: CurateOptions, detectors: Sequence[Detector], opinion: Opinion | None) -> Jury:
    """The detectors that are built in, as the options say, and `detectors`."""
    return Jury((*built_in(options), *map(Judge, detectors)), opinion)


def case_of(uri: str, attributes: Mapping[str, str] | None) -> Case:
    """A document of which no more is known than its manifest row says."""
    given = attributes or {}
    row = DocumentRow(
        document_id=document_id_of(uri),
        uri=uri,
        source=given.get("source"),
        licence=given.get("licence"),
        licence_url=given.get("licence_url"),
        author=given.get("author"),
        title=given.get("title"),
    )
    return Case(row)


def note_tree(case: Case, flat: Flattened) -> None:
    """From here on a rejection tells of every node."""
    case.nodes = flat.nodes
    case.document = replace(case.document, unsupported=list(flat.unsupported), layers_in=len(flat.nodes))


def unfaithful(case: Case, figures: Distance, options: CurateOptions) -> Refusal | None:
    """Note how far the layers are from the picture that came with them; the refusal where that is too far."""
    gold = is_gold(figures, options)
    case.document = replace(case.document, fidelity_mean=figures.mean, fidelity_within2=figures.within2, gold=gold)
    if figures.mean <= options.max_mean and figures.within2 >= options.min_within2:
        return None
    limits = f"at most {options.max_mean:g}/255 and at least {options.min_within2:.0%} are accepted"
    text = f"mean difference {figures.mean:.3f}/255, {figures.within2:.2%} of pixels within 2/255; {limits}"
    return too_far(case, text, options)


def finish(
    case: Case,
    flat: Flattened,
    contribution: Contributions,
    figures: Distance | None,
    recolour: Recolour,
    options: CurateOptions,
    jury: Jury,
) -> Sample | Refusal:
    """`contribution` was measured on all of `flat`; `figures` are None where no picture came with the layers."""
    filtered = drop_layers(flat, contribution, options, jury.judges, jury.opinion)
    case.anomalies = len(filtered.anomalous)
    if options.previews:
        case.dropped = [_preview(one, flat.stack, recolour, options) for one in filtered.anomalous[:_MAX_DROPPED]]
    if filtered.anomalous and options.anomalous == "document":
        node = flat.nodes[filtered.anomalous[0].layer_ids[0]]
        return Refusal(Stage.FILTER, Reason.ANOMALOUS_LAYER, f"layer {node.layer_id} is dropped as {node.dropped}")
    if not filtered.stack.layers:
        what = f"none of {len(flat.nodes)} layers shows on {least_visible_px(flat.stack, options)} pixels"
        return Refusal(Stage.FILTER, Reason.NOTHING_VISIBLE, what)
    merged = merge(filtered.stack, options, _paths(filtered.stack, flat.nodes))
    if merged is None:
        what = f"more than {options.max_layers} layers overlap in a chain"
        return Refusal(Stage.MERGE, Reason.TOO_MANY_OVERLAPS, what)
    resized = resize_each(merged.layers(recolour), (flat.stack.width, flat.stack.height), max_area(flat.stack, options))
    if not resized.stack.layers:
        return Refusal(Stage.RESIZE, Reason.NOTHING_VISIBLE, "no alpha is left at the stored size")
    return sample(case, flat, merged, resized, figures, options)


def max_area(stack: Stack, options: CurateOptions) -> int:
    """Of what is stored: the area asked for, or that at which the longest side can be stored."""
    longest, shortest = max(stack.width, stack.height), min(stack.width, stack.height)
    return min(options.max_area, max(1, _MAX_SIDE_PX * _MAX_SIDE_PX * shortest // longest))


def _preview(layer: PlainLayer, stack: Stack, recolour: Recolour, options: CurateOptions) -> np.ndarray:
    return layer_preview(recolour(layer.rgba), layer.box, stack.width, stack.height, options.preview_side_px)


def _paths(stack: Stack, nodes: Sequence[Node]) -> list[tuple[int, ...]]:
    """The groups above each layer, outermost first; of a flattened group, those above its first node."""
    paths = []
    for layer in stack.layers:
        path: list[int] = []
        parent = nodes[layer.layer_ids[0]].parent_id
        while parent is not None:
            path.append(parent)
            parent = nodes[parent].parent_id
        paths.append(tuple(reversed(path)))
    return paths
