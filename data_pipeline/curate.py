"""One PSD -> a sample or a rejection: the recipe.

Open, read its rights, flatten, verify against Photoshop's own picture, drop what contributes nothing, merge what does
not overlap, resize, caption. Pure: the same bytes and options give the same result.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from data_pipeline.anomaly import Detector, Judge, Opinion, built_in
from data_pipeline.colour import ColourSpace, colour_space, to_srgb
from data_pipeline.document import Document, Refusal, Source, file_bytes, open_document, read_header
from data_pipeline.fidelity import Distance, StoredImage, distance, in_srgb, stored_image
from data_pipeline.filter import drop_layers, least_visible_px
from data_pipeline.flatten import unpainted
from data_pipeline.flatten.node import Node
from data_pipeline.merge import merge
from data_pipeline.outcome import Case, rejection, sample
from data_pipeline.painting import is_gold, paint_document
from data_pipeline.pixels import DamagedPixels, release, release_stored
from data_pipeline.previews import layer_preview
from data_pipeline.resize import resize_each, resize_picture, target_size
from data_pipeline.rights import rights_of
from schemas.members import document_id_of, key_of
from schemas.options import CurateOptions
from schemas.reasons import Reason, Stage
from schemas.rows import DocumentRow
from schemas.sample import Rejection, Sample
from schemas.stack import PlainLayer, Stack

_MAX_SIDE_PX = 16_000  # of what is stored; a WebP image holds 16,383
_MAX_DROPPED = 100  # previews of dropped layers: their names have two digits


def curate(
    source: Source,
    options: CurateOptions | None = None,
    uri: str = "",
    attributes: Mapping[str, str] | None = None,
    detectors: Sequence[Detector] = (),
    opinion: Opinion | None = None,
) -> Sample | Rejection:
    """Curate one document.

    `source` is a path or a seekable binary file; `uri` names it in the tables (default: the path);
    `attributes` are the optional columns of a manifest row: source, licence, licence_url, author, title.
    `detectors` drop anomalous layers, besides those built in; `opinion` is asked before one is dropped.
    The split and the family are decided over the corpus, later.
    """
    options = options or CurateOptions()
    uri = uri or (os.fspath(source) if isinstance(source, str | os.PathLike) else "")
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
    case = Case(row)
    document = _read(case, source, options)
    refusal = document if isinstance(document, Refusal) else _forbidden(case, document, options)
    if refusal is not None:
        return rejection(case, refusal, options)
    assert isinstance(document, Document), "what was refused has been returned"
    try:
        judges = (*built_in(options), *map(Judge, detectors))
        outcome = _curated(case, document, options, judges, opinion)
    except DamagedPixels as error:
        outcome = Refusal(Stage.FLATTEN, Reason.DAMAGED_PIXELS, str(error))
        case.nodes = unpainted(document)
        case.document = replace(case.document, layers_in=len(case.nodes))
    return outcome if isinstance(outcome, Sample) else rejection(case, outcome, options)


def _read(case: Case, source: Source, options: CurateOptions) -> Document | Refusal:
    header = read_header(source)
    if isinstance(header, Refusal) and header.reason == Reason.UNREADABLE:
        return header
    size = file_bytes(source)
    case.document = replace(case.document, bytes=size)
    if size > options.max_file_bytes:
        return Refusal(Stage.OPEN, Reason.FILE_TOO_LARGE, f"{size:,} bytes; the limit is {options.max_file_bytes:,}")
    digest = _sha256(source)
    case.document = replace(case.document, sha256=digest, key=key_of(digest))
    if isinstance(header, Refusal):
        return header
    case.document = replace(
        case.document,
        width=header.width,
        height=header.height,
        depth=header.depth,
        color_mode=header.color_mode.name.lower(),
    )
    return open_document(source, options)


def _sha256(source: Source) -> str:
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    source.seek(0)
    digest = hashlib.sha256()
    while block := source.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _forbidden(case: Case, document: Document, options: CurateOptions) -> Refusal | None:
    """Note what the document says of its rights; the refusal where the options ask for one."""
    rights = rights_of(document)
    case.document = replace(
        case.document,
        mining=rights.mining,
        copyrighted=rights.copyrighted,
        rights_notice=rights.notice,
        rights_url=rights.url,
        digital_source=rights.digital_source,
        author=case.document.author or (rights.authors if options.keep_authors else None),
    )
    if rights.is_unreadable:
        case.flags.add("unreadable_rights")
    claims = []
    if rights.prohibits_mining:
        claims.append((options.mining, Reason.MINING_PROHIBITED, f"it says of data mining: {rights.mining}"))
    if rights.generated is not None:
        claims.append((options.generated, Reason.AI_GENERATED, f"it says that a model made it: {rights.generated}"))
    case.flags.update(reason for policy, reason, _ in claims if policy == "flag")
    return next((Refusal(Stage.RIGHTS, reason, text) for policy, reason, text in claims if policy == "drop"), None)


def _curated(
    case: Case, document: Document, options: CurateOptions, judges: Sequence[Judge], opinion: Opinion | None
) -> Sample | Refusal:
    space = colour_space(document)
    painted = paint_document(document, space, options, release)
    flat = painted.flat
    case.nodes = flat.nodes
    case.document = replace(case.document, unsupported=list(flat.unsupported), layers_in=len(flat.nodes))
    stored = _stored_image(document, space, options)
    if isinstance(stored, Refusal):
        return stored
    figures = distance(painted.composite, stored) if stored is not None else None
    contribution = painted.contribution
    del painted  # with its composite: from here on, every full canvas counts
    max_area = _max_area(flat.stack, options)
    if stored is not None:
        case.stored = _small(in_srgb(stored, space), max_area)
        del stored
    if figures is not None and (refusal := _unfaithful(case, figures, options)):
        return refusal
    filtered = drop_layers(flat, contribution, options, judges, opinion)
    case.anomalies = len(filtered.anomalous)
    if options.previews:
        case.dropped = [_preview(layer, flat.stack, space, options) for layer in filtered.anomalous[:_MAX_DROPPED]]
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
    layers = merged.layers(partial(to_srgb, space))
    resized = resize_each(layers, (flat.stack.width, flat.stack.height), max_area)
    if not resized.stack.layers:
        return Refusal(Stage.RESIZE, Reason.NOTHING_VISIBLE, "no alpha is left at the stored size")
    return sample(case, flat, merged, resized, figures, options)


def _preview(layer: PlainLayer, stack: Stack, space: ColourSpace, options: CurateOptions) -> np.ndarray:
    rgba = to_srgb(space, layer.rgba)
    return layer_preview(rgba, layer.box, stack.width, stack.height, options.preview_side_px)


def _max_area(stack: Stack, options: CurateOptions) -> int:
    """The area asked for, or that at which the longest side can be stored."""
    longest, shortest = max(stack.width, stack.height), min(stack.width, stack.height)
    return min(options.max_area, max(1, _MAX_SIDE_PX * _MAX_SIDE_PX * shortest // longest))


def _stored_image(document: Document, space: ColourSpace, options: CurateOptions) -> StoredImage | Refusal | None:
    try:
        stored = stored_image(document, space)
    except DamagedPixels as error:
        return Refusal(Stage.VERIFY, Reason.DAMAGED_PIXELS, str(error))
    release_stored(document)
    if stored is None and options.no_stored_image != "keep":
        return Refusal(Stage.VERIFY, Reason.NO_STORED_IMAGE, "saved without a composite; see option no_stored_image")
    return stored


def _small(stored: StoredImage, max_area: int) -> np.ndarray:
    height, width = stored.red.shape
    size = target_size(width, height, max_area)
    return stored.rgba() if size == (width, height) else resize_picture(stored.rgba(), size)


def _unfaithful(case: Case, figures: Distance, options: CurateOptions) -> Refusal | None:
    gold = is_gold(figures, options)
    case.document = replace(case.document, fidelity_mean=figures.mean, fidelity_within2=figures.within2, gold=gold)
    if figures.mean <= options.max_mean and figures.within2 >= options.min_within2:
        return None
    limits = f"at most {options.max_mean:g}/255 and at least {options.min_within2:.0%} are accepted"
    text = f"mean difference {figures.mean:.3f}/255, {figures.within2:.2%} of pixels within 2/255; {limits}"
    return Refusal(Stage.VERIFY, Reason.UNFAITHFUL, text)


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
