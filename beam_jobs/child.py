"""One document in, its reference out: what runs in a child process that can be killed."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from beam_jobs import files, scratch
from beam_jobs.inputs import Input, clean
from beam_jobs.references import Reference
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


def work(todo: Todo, output: str, options: CurateOptions, curate: Curate) -> Reference:
    """Curates, and stores the outcome. Only MemoryError leaves it."""
    document = todo.document
    try:
        if todo.known is not None and todo.known.sha256 == _sha256(document.path):
            return replace(todo.known, fingerprint=document.fingerprint)
        outcome = _curate(document, options, curate)
        return scratch.store(output, document, outcome, options)
    except MemoryError:
        raise
    except OSError as error:
        return reject(output, document, options, Stage.OPEN, Reason.UNREADABLE, f"{error.strerror or error}")
    except Exception as error:  # noqa: BLE001  a defect of ours costs one document, not the run, and is counted
        message = f"{type(error).__name__}: {error}"
        return reject(output, document, options, Stage.WRITE, Reason.INTERNAL_ERROR, message)


def reject(
    output: str, document: Input, options: CurateOptions, stage: Stage, reason: Reason, message: str
) -> Reference:
    """The reference of a document that curation itself could not reject."""
    return scratch.store(output, document, Rejection(_row(document, stage, reason, message)), options)


def _curate(document: Input, options: CurateOptions, curate: Curate) -> Sample | Rejection:
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


def _sha256(path: str) -> str:
    with files.open_read(path) as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
