"""FORMAT in, what the job has to know of it out: how INPUT is listed, and how one document is opened and curated.

Whatever decodes pixels is imported in children alone: its compiled kernels are a third of what the parent would hold.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from beam_jobs import files
from beam_jobs.crello_inputs import find_rows, opened_row
from beam_jobs.folder_inputs import find_stacks
from beam_jobs.inputs import Input, find_inputs
from beam_jobs.options import JobOptions
from data_pipeline.imported.crello_rows import CrelloRow
from data_pipeline.imported.stack_files import stack_sha256
from schemas.sample import Rejection, Sample
from schemas.spelling import printable

Curate = Callable[..., Sample | Rejection]


@dataclass(frozen=True)
class Source:
    """`opened` is given what `curate` takes as its source. `sha256` is a document's, as its row will say; None where
    it can have none. All three raise OSError where a document cannot be read."""

    find: Callable[[JobOptions], list[Input]]
    opened: Callable[[Input], AbstractContextManager[Any]]
    sha256: Callable[[Input, JobOptions], str | None]
    curate: Curate


def inputs_of(options: JobOptions) -> list[Input]:
    """The documents of INPUT that this run is for. Raises ValueError, before any work."""
    found = SOURCES[options.format].find(options)
    given = {name: getattr(options, name) for name in ("source", "licence", "licence_url")}
    usual = tuple((name, value) for name, value in given.items() if value)
    found = [_completed(one, usual) for one in found]
    if options.splits == "hash":
        found = [replace(one, split=None) for one in found]
    elif bare := [one.uri for one in found if one.split is None and one.problem is None]:
        raise ValueError(
            f"splits is published, but the name of {bare[0]} tells none: call files train-, validation- or test-, or "
            "say --splits hash"
        )
    return found[: options.limit]


def _completed(document: Input, usual: tuple[tuple[str, str], ...]) -> Input:
    """What its manifest row does not say of it is what is said of all."""
    if not usual:
        return document
    return replace(document, attributes=tuple((dict(usual) | dict(document.attributes)).items()))


def curate_document(*arguments: Any, **named: Any) -> Sample | Rejection:
    """`data_pipeline.curate.curate`."""
    from data_pipeline.curate import curate

    return curate(*arguments, **named)


def curate_row(*arguments: Any, **named: Any) -> Sample | Rejection:
    """`data_pipeline.imported.crello.curate_row`."""
    from data_pipeline.imported.crello import curate_row

    return curate_row(*arguments, **named)


def curate_stack(*arguments: Any, **named: Any) -> Sample | Rejection:
    """`data_pipeline.imported.stacks.curate_stack`."""
    from data_pipeline.imported.stacks import curate_stack

    return curate_stack(*arguments, **named)


@contextmanager
def _opened_file(document: Input) -> Iterator[str | BinaryIO]:
    """Its path; a remote one is copied first."""
    if not files.is_remote(document.path):
        yield document.path
        return
    with files.open_read(document.path) as source, tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(source, copy)
        copy.seek(0)
        yield cast(BinaryIO, copy)


@contextmanager
def _opened_row(document: Input) -> Iterator[CrelloRow]:
    yield opened_row(document)


@contextmanager
def _opened_stack(document: Input) -> Iterator[str]:
    yield document.path


def _find_rows(options: JobOptions) -> list[Input]:
    """Raises ValueError too where the tables in OUTPUT would be taken for rows."""
    local = not files.is_remote(options.input) and not files.is_remote(options.output)
    if local and Path(options.output).resolve().is_relative_to(Path(options.input).resolve()):
        raise ValueError(
            f"OUTPUT {printable(options.output)} lies in INPUT {printable(options.input)}, all Parquet files of which "
            "are read; choose another OUTPUT"
        )
    return find_rows(options.input, options.beam_flags)


SOURCES = {
    "psd": Source(
        lambda options: find_inputs(options.input),
        _opened_file,
        lambda one, _: files.sha256(one.path),
        curate_document,
    ),
    "folder": Source(
        lambda options: find_stacks(options.input),
        _opened_stack,
        lambda one, _: stack_sha256(one.path),
        curate_stack,
    ),
    "crello": Source(
        _find_rows,
        _opened_row,
        lambda one, options: opened_row(one).sha256(options.curate.max_file_bytes),
        curate_row,
    ),
}
