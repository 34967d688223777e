"""One document in, its reference out: what runs in a child process that can be killed."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO, cast

from beam_jobs import files, scratch
from beam_jobs.inputs import Input, clean
from beam_jobs.models import opinion_of
from beam_jobs.options import JobOptions
from beam_jobs.references import Reference
from data_pipeline.anomaly.blaze_face import FaceModelMissing
from data_pipeline.caption.vision import ModelGone
from schemas.options import CurateOptions
from schemas.reasons import Reason, Stage
from schemas.rows import DocumentRow
from schemas.sample import Rejection, Sample

Curate = Callable[..., Sample | Rejection]


@dataclass(frozen=True)
class Todo:
    """A document to curate. `known` is what an earlier run made of it, to be kept where its bytes are the same."""

    document: Input
    known: Reference | None = None


def curate_document(*arguments: Any, **named: Any) -> Sample | Rejection:
    """`data_pipeline.curate.curate`; only children load its compiled kernels, a third of what the parent would hold."""
    from data_pipeline.curate import curate

    return curate(*arguments, **named)


def work(todo: Todo, options: JobOptions, curate: Curate) -> Reference:
    """Curates, and stores the outcome. MemoryError leaves it, and an OSError of scratch: a full disk ends the run."""
    files.configure(options.beam_flags)
    document = todo.document
    known = todo.known or scratch.find(options.output, document)
    if known is not None and known.reason not in options.retry and _is_same(todo, known, options):
        return replace(known, fingerprint=document.fingerprint)
    opinion = opinion_of(options)
    outcome = _curate(document, options.curate, partial(curate, opinion=opinion) if opinion else curate)
    try:
        encoded = scratch.encode(outcome, options.curate)
    except Exception as error:  # noqa: BLE001
        outcome = _internal_error(document, Stage.WRITE, error)
        encoded = scratch.encode(outcome, options.curate)
    return scratch.store(options.output, document, outcome, encoded)


def reject(options: JobOptions, document: Input, stage: Stage, reason: Reason, message: str) -> Reference:
    """The reference of a document that could not be curated to an end."""
    outcome = Rejection(_row(document, stage, reason, message))
    return scratch.store(options.output, document, outcome, scratch.encode(outcome, options.curate))


def _is_same(todo: Todo, known: Reference, options: JobOptions) -> bool:
    """Whether its bytes are those that were curated; they are hashed only where there is a doubt."""
    if known.fingerprint == todo.document.fingerprint and not options.verify:
        return True
    try:
        return known.sha256 is not None and known.sha256 == files.sha256(todo.document.path)
    except OSError:
        return False  # curation will say why


def _curate(document: Input, options: CurateOptions, curate: Curate) -> Sample | Rejection:
    try:
        return _call(document, options, curate)
    except (MemoryError, ModelGone, FaceModelMissing):  # no fault of the document
        raise
    except OSError as error:
        return Rejection(_row(document, Stage.OPEN, Reason.UNREADABLE, f"cannot be read: {error.strerror or error}"))
    except Exception as error:  # noqa: BLE001
        return _internal_error(document, Stage.FLATTEN, error)


def _internal_error(document: Input, stage: Stage, error: Exception) -> Rejection:
    """A defect of ours costs one document, not the run, and is counted."""
    return Rejection(_row(document, stage, Reason.INTERNAL_ERROR, f"{type(error).__name__}: {error}"))


def _call(document: Input, options: CurateOptions, curate: Curate) -> Sample | Rejection:
    attributes = dict(document.attributes)
    if not files.is_remote(document.path):
        return curate(document.path, options, uri=document.uri, attributes=attributes)
    if (document.size_bytes or 0) > options.max_file_bytes:  # not worth the download
        message = f"{document.size_bytes} bytes; the limit is {options.max_file_bytes}"
        return Rejection(_row(document, Stage.OPEN, Reason.FILE_TOO_LARGE, message))
    with files.open_read(document.path) as source, tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(source, copy)
        copy.seek(0)
        return curate(cast(BinaryIO, copy), options, uri=document.uri, attributes=attributes)


def _row(document: Input, stage: Stage, reason: Reason, message: str) -> DocumentRow:
    attributes = dict(document.attributes)
    return DocumentRow(
        document_id=document.document_id,
        uri=document.uri,
        stage=stage,
        reason=reason,
        message=clean(message)[:1000],
        bytes=document.size_bytes,
        source=attributes.get("source"),
        licence=attributes.get("licence"),
        licence_url=attributes.get("licence_url"),
        author=attributes.get("author"),
        title=attributes.get("title"),
    )
