"""One document in, its reference out: what runs in a child process that can be killed."""

from dataclasses import dataclass, replace
from functools import partial

from beam_jobs import files, scratch
from beam_jobs.inputs import Input, clean
from beam_jobs.models import opinion_of
from beam_jobs.options import JobOptions
from beam_jobs.references import Reference
from beam_jobs.sources import SOURCES, Curate
from data_pipeline.anomaly.blaze_face import FaceModelMissing
from data_pipeline.caption.vision import ModelGone
from data_pipeline.imported.crello_rows import DamagedRows
from schemas.reasons import Reason, Stage
from schemas.rows import DocumentRow
from schemas.sample import Rejection, Sample


@dataclass(frozen=True)
class Todo:
    """A document to curate. `known` is what an earlier run made of it, to be kept where its bytes are the same."""

    document: Input
    known: Reference | None = None


def work(todo: Todo, options: JobOptions, curate: Curate) -> Reference:
    """Curates, and stores the outcome. MemoryError leaves it, and an OSError of scratch: a full disk ends the run."""
    files.configure(options.beam_flags)
    document = todo.document
    known = todo.known or scratch.find(options.output, document)
    if known is not None and known.reason not in options.retry and _is_same(todo, known, options):
        return replace(known, fingerprint=document.fingerprint)
    opinion = opinion_of(options)
    outcome = _curate(document, options, partial(curate, opinion=opinion) if opinion else curate)
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
        return known.sha256 is not None and known.sha256 == SOURCES[options.format].sha256(todo.document, options)
    except (OSError, DamagedRows):
        return False  # curation will say why


def _curate(document: Input, options: JobOptions, curate: Curate) -> Sample | Rejection:
    try:
        return _call(document, options, curate)
    except (MemoryError, ModelGone, FaceModelMissing):  # no fault of the document
        raise
    except OSError as error:
        return Rejection(_row(document, Stage.OPEN, Reason.UNREADABLE, f"cannot be read: {error.strerror or error}"))
    except DamagedRows as error:
        return Rejection(_row(document, Stage.OPEN, Reason.DAMAGED_FILE, str(error)))
    except Exception as error:  # noqa: BLE001
        return _internal_error(document, Stage.FLATTEN, error)


def _internal_error(document: Input, stage: Stage, error: Exception) -> Rejection:
    """A defect of ours costs one document, not the run, and is counted."""
    return Rejection(_row(document, stage, Reason.INTERNAL_ERROR, f"{type(error).__name__}: {error}"))


def _call(document: Input, options: JobOptions, curate: Curate) -> Sample | Rejection:
    limit = options.curate.max_file_bytes
    if files.is_remote(document.path) and (document.size_bytes or 0) > limit:  # not worth the download
        message = f"{document.size_bytes} bytes; the limit is {limit}"
        return Rejection(_row(document, Stage.OPEN, Reason.FILE_TOO_LARGE, message))
    with SOURCES[options.format].opened(document) as source:
        return curate(source, options.curate, uri=document.uri, attributes=dict(document.attributes))


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
