"""How a document's way ends: the sample with its table rows and previews, or the rejection with what is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from data_pipeline.caption import captioner
from data_pipeline.caption.facts import CaptionFacts, NodeFacts
from data_pipeline.compose import compose
from data_pipeline.document import Refusal
from data_pipeline.fidelity import Distance, StoredImage, distance
from data_pipeline.flatten import Flattened
from data_pipeline.flatten.node import Node
from data_pipeline.merge import Merged
from data_pipeline.previews import preview
from data_pipeline.quality import quality
from data_pipeline.resize import Resized, resize_picture
from schemas.options import CurateOptions
from schemas.reasons import DropReason, Fate, Reason, Stage
from schemas.rows import DocumentRow, LayerRow
from schemas.sample import Fidelity, Previews, Rejection, Sample
from schemas.stack import PlainLayer, Stack


@dataclass
class Case:
    """A document on its way: what is known of it so far, whatever becomes of it."""

    document: DocumentRow
    nodes: Sequence[Node] = ()
    stored: np.ndarray | None = None  # the picture that came with the layers in sRGB, uint8 RGBA, as large as is stored
    stored_as: str = "photoshop"  # the name of its preview: who drew it
    anomalies: int = 0  # layers that detectors dropped
    dropped: Sequence[np.ndarray] = ()  # previews of them
    flags: set[str] = field(default_factory=set)  # what an auditor should look at


def sample(
    case: Case,
    flat: Flattened,
    merged: Merged,
    resized: Resized,
    figures: Distance | None,
    options: CurateOptions,
) -> Sample | Refusal:
    composite = compose(resized.stack)
    final_mean = None
    if case.stored is not None and not case.anomalies:
        ours, theirs = of_one_size(composite, case.stored)
        final_mean = distance(ours, _planes(theirs)).mean
        case.document = replace(case.document, final_mean=final_mean)
        if final_mean > options.max_mean:
            case.document = replace(case.document, gold=False)
            text = f"mean difference {final_mean:.3f}/255 as stored, {options.max_mean:g}/255 is accepted"
            if (refusal := too_far(case, text, options)) is not None:
                return refusal
    fates = _fates(flat.nodes, merged, resized)
    facts = _facts(flat, resized.stack, composite)
    words = captioner(options.captioner)
    shown = [node for node in flat.nodes if node.layer_id in fates and node.kind == "type"]
    document = replace(
        case.document,
        status="accepted",
        layers_stored=len(resized.stack.layers),
        flags=sorted(case.flags),
        aspect=flat.stack.width / flat.stack.height,
        text_area=min(1.0, sum(node.visible_px or 0 for node in shown) / (flat.stack.width * flat.stack.height)),
        fonts=len({font for node in shown for font in node.fonts}),
        **asdict(quality(resized.stack, composite)),
    )
    fidelity = None
    if figures is not None:
        fidelity = Fidelity(figures.mean, figures.within2, final_mean, bool(document.gold))
    assert document.key is not None, "an open document has been hashed"
    return Sample(
        key=document.key,
        stack=resized.stack,
        composite=composite,
        captions=words.caption(facts),
        layer_captions=words.caption_layers(facts),
        psd_text=facts.psd_text,
        fidelity=fidelity,
        document=document,
        layers=_rows(case, fates),
        previews=_previews(case, options),
    )


def too_far(case: Case, text: str, options: CurateOptions) -> Refusal | None:
    """What becomes of a document whose layers are not the picture that came with them."""
    if options.unfaithful == "reject":
        return Refusal(Stage.VERIFY, Reason.UNFAITHFUL, text)
    case.flags.add(Reason.UNFAITHFUL)
    return None


def of_one_size(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two straight uint8 RGBA pictures, the larger brought to the size of the smaller."""
    if one.shape == other.shape:
        return one, other
    height, width = min(one.shape[:2], other.shape[:2], key=lambda shape: shape[0] * shape[1])
    return _sized(one, width, height), _sized(other, width, height)


def _sized(rgba: np.ndarray, width: int, height: int) -> np.ndarray:
    return rgba if rgba.shape[:2] == (height, width) else resize_picture(rgba, (width, height))


def _planes(rgba: np.ndarray) -> StoredImage:
    return StoredImage(rgba[..., 0], rgba[..., 1], rgba[..., 2], None)


def _fates(nodes: Sequence[Node], merged: Merged, resized: Resized) -> dict[int, tuple[int, Fate, bool, float]]:
    """For each node in a stored layer: its index, how it got there, whether it was baked and how dependent it is."""
    fates = {}
    for stored_index, merged_index in enumerate(resized.kept):
        group = [merged.source.layers[i] for i in merged.groups[merged_index]]
        for layer in group:
            for layer_id in layer.layer_ids:
                fate = Fate.MERGED if len(group) > 1 else Fate.STORED
                if nodes[layer_id].flattened or merged_index in merged.flattened_groups:
                    fate = Fate.FLATTENED
                fates[layer_id] = (stored_index, fate, layer.baked, layer.backdrop_dependence)
    for merged_index in set(range(len(merged.groups))) - set(resized.kept):
        for layer in (merged.source.layers[i] for i in merged.groups[merged_index]):
            for layer_id in layer.layer_ids:  # too faint or too thin to leave alpha at the stored size
                nodes[layer_id].dropped, nodes[layer_id].value = DropReason.TOO_SMALL, 0.0
    return fates


def _facts(flat: Flattened, stack: Stack, composite: np.ndarray) -> CaptionFacts:
    # Where a layer shows, not where its record says that it lies: masks and clipping may leave little of it.
    shown = {layer_id: layer.box for layer in flat.stack.layers for layer_id in layer.layer_ids}

    def facts(layer: PlainLayer) -> tuple[NodeFacts, ...]:
        nodes = (flat.nodes[layer_id] for layer_id in layer.layer_ids)
        return tuple(NodeFacts(node.name, node.kind, node.text, shown[node.layer_id]) for node in nodes)

    return CaptionFacts(
        composite=composite,
        stack=stack,
        nodes=tuple(facts(layer) for layer in stack.layers),
        canvas=(flat.stack.width, flat.stack.height),
        psd_text=tuple(node.text for node in flat.nodes if node.text),
    )


def _rows(case: Case, fates: Mapping[int, tuple[int, Fate, bool, float]]) -> tuple[LayerRow, ...]:
    return tuple(node.row(case.document.document_id, fates) for node in case.nodes)


def _previews(case: Case, options: CurateOptions) -> Previews:
    if not options.previews:
        return {}
    pictures = {f"dropped_{index:02d}": rgba for index, rgba in enumerate(case.dropped)}
    if case.stored is not None:
        pictures[case.stored_as] = preview(case.stored, options.preview_side_px)
    return pictures


def rejection(case: Case, refusal: Refusal, options: CurateOptions) -> Rejection:
    document = replace(
        case.document,
        status="rejected",
        stage=refusal.stage,
        reason=refusal.reason,
        message=refusal.message,
        flags=sorted(case.flags),
    )
    for node in case.nodes:
        if node.dropped is None and node.has_paint:
            node.dropped = DropReason.DOCUMENT_REJECTED
    return Rejection(document, _rows(case, {}), _previews(case, options))
