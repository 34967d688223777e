"""INPUT (Parquet files of the Crello dataset, or a manifest of them) in, a document for each of their rows out.

Rows are listed in a process that can be killed: whatever a file claims to be, it harms nothing but itself.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from beam_jobs import files
from beam_jobs.children import PRELOAD, Children, Lost, OutOfMemory, OutOfTime
from beam_jobs.inputs import Input, Kind, clean, find_inputs, in_order
from data_pipeline.imported.crello_rows import CrelloRow, DamagedRows, Rows
from schemas.members import SPLITS
from schemas.spelling import printable

PARQUETS = Kind((".parquet",), (".csv", ".jsonl"), ".parquet files of the Crello dataset")
_LIST_SECONDS = 600.0
_LIST_BYTES = 8 << 30
_ID_CHARACTERS = 200
# As in train-00000-of-00014.parquet, and in train/0000.parquet.
_SPLIT = re.compile(rf"(?:^|/)({'|'.join(SPLITS)})(?:[-_./][^/]*|/.*)?$")


def find_rows(where: str, beam_flags: tuple[str, ...] = ()) -> list[Input]:
    """Every row of every file. A file that cannot be read is one document with that problem; raises ValueError where
    none can be, or as `find_inputs`."""
    parquets = find_inputs(where, PARQUETS)
    children = Children(1, _LIST_BYTES, PRELOAD)
    try:
        found = [row for file in parquets for row in _rows_of(file, beam_flags, children)]
    finally:
        children.close()
    if all(one.problem for one in found):
        why = f": {printable(found[0].uri)}: {printable(found[0].problem or '')}" if found else ""
        raise ValueError(f"INPUT {printable(where)} holds no rows that can be read{why}")
    return in_order(where, found)


def ids_of(path: str, beam_flags: tuple[str, ...]) -> list[str | None] | str:
    """The ids of a file's rows, or why there are none."""
    files.configure(beam_flags)
    try:
        return list(_opened(path).ids())
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except DamagedRows as error:
        return f"cannot be read as Parquet: {error}"
    except ValueError as error:
        return str(error)


def opened_row(document: Input) -> CrelloRow:
    """Raises OSError or DamagedRows where its file is no longer what was listed."""
    assert document.row is not None, "a row is listed by its number"
    try:
        return CrelloRow(_rows(document.path, document.version or ""), document.row)
    except ValueError as error:
        raise DamagedRows(str(error)) from error


@lru_cache(maxsize=1)  # of a child, which is handed rows in their order
def _rows(path: str, version: str) -> Rows:
    return _opened(path)


def _opened(path: str) -> Rows:
    return Rows(files.open_read(path) if files.is_remote(path) else path)


def _rows_of(file: Input, beam_flags: tuple[str, ...], children: Children) -> Iterator[Input]:
    if file.problem is not None:
        yield file
        return
    listed = children.submit(ids_of, file.path, beam_flags, seconds=_LIST_SECONDS).result()
    if isinstance(listed, Lost | str):
        yield replace(file, problem=listed if isinstance(listed, str) else _lost(listed))
        return
    split = _SPLIT.search(file.uri)
    version = f"{file.size_bytes}-{file.version}"
    seen: set[str] = set()
    for number, name in enumerate(listed):
        uri = f"{file.uri}#{clean(name or '')[:_ID_CHARACTERS] or f'row {number}'}"
        while uri in seen:
            uri = f"{uri} row {number}"
        seen.add(uri)
        yield replace(file, uri=uri, size_bytes=None, version=version, row=number, split=split and split[1])


def _lost(listed: Lost) -> str:
    if isinstance(listed, OutOfTime):
        return f"its rows cannot be listed in {listed.seconds:g} s"
    if isinstance(listed, OutOfMemory):
        return f"its rows cannot be listed in {listed.limit_bytes:,} bytes"
    return f"its rows cannot be listed: {listed.message}"
