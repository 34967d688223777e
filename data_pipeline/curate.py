"""One PSD -> a sample or a rejection: the recipe.

Open, read its rights, flatten, verify against Photoshop's own picture; then as any document of plain layers (`recipe`):
drop what contributes nothing, merge what does not overlap, resize, caption. Pure: the same bytes and options give the
same result.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from data_pipeline.anomaly import Detector, Opinion
from data_pipeline.colour import ColourSpace, colour_space, to_srgb
from data_pipeline.document import Document, Refusal, Source, file_bytes, open_document, read_header
from data_pipeline.fidelity import StoredImage, distance, in_srgb, stored_image
from data_pipeline.flatten import unpainted
from data_pipeline.outcome import Case, rejection
from data_pipeline.painting import paint_document
from data_pipeline.pixels import DamagedPixels, release, release_stored
from data_pipeline.recipe import Jury, case_of, finish, jury_of, max_area, note_tree, unfaithful
from data_pipeline.resize import resize_picture, target_size
from data_pipeline.rights import rights_of
from schemas.members import key_of
from schemas.options import CurateOptions
from schemas.reasons import Reason, Stage
from schemas.sample import Rejection, Sample


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
    case = case_of(uri, attributes)
    document = _read(case, source, options)
    refusal = document if isinstance(document, Refusal) else _forbidden(case, document, options)
    if refusal is not None:
        return rejection(case, refusal, options)
    assert isinstance(document, Document), "what was refused has been returned"
    try:
        outcome = _curated(case, document, options, jury_of(options, detectors, opinion))
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


def _curated(case: Case, document: Document, options: CurateOptions, jury: Jury) -> Sample | Refusal:
    space = colour_space(document)
    painted = paint_document(document, space, options, release)
    flat = painted.flat
    note_tree(case, flat)
    stored = _stored_image(document, space, options)
    if isinstance(stored, Refusal):
        return stored
    figures = distance(painted.composite, stored) if stored is not None else None
    contribution = painted.contribution
    del painted  # with its composite: from here on, every full canvas counts
    if stored is not None:
        case.stored = _small(in_srgb(stored, space), max_area(flat.stack, options))
        del stored
    if figures is not None and (refusal := unfaithful(case, figures, options)):
        return refusal
    return finish(case, flat, contribution, figures, partial(to_srgb, space), options, jury)


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
