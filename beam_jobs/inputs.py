"""INPUT (a folder, a glob or a manifest) in, the documents to curate out, in the order of their uris."""

import csv
import difflib
import glob
import hashlib
import io
import itertools
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from beam_jobs import files
from schemas.members import document_id_of
from schemas.spelling import printable

Attributes = tuple[tuple[str, str], ...]  # names and values
ATTRIBUTES = ("source", "licence", "licence_url", "author", "title")


@dataclass(frozen=True)
class Kind:
    """What files of INPUT are looked for, by the ends of their names, and which files are manifests of them."""

    suffixes: tuple[str, ...]
    manifests: tuple[str, ...]
    called: str


PSDS = Kind((".psd", ".psb"), (".csv", ".jsonl", ".parquet"), ".psd or .psb files")


@dataclass(frozen=True)
class Input:
    """One document. `uri` is its stored name, valid UTF-8; `path` opens it, `row` is its place in that file where the
    file holds many, and `split` the one in which it was published."""

    uri: str
    path: str
    size_bytes: int | None = None
    version: str | None = None  # mtime in ns, or what the store says
    attributes: Attributes = ()  # of its manifest row
    problem: str | None = None  # why it cannot even be opened
    row: int | None = None
    split: str | None = None

    @property
    def document_id(self) -> str:
        return document_id_of(self.uri)

    @property
    def place(self) -> tuple[str, int, str]:
        """Their order is the one in which files are read from their start to their end."""
        return self.path, self.row or 0, self.uri

    @property
    def attributes_hash(self) -> str:
        return hashlib.sha256(json.dumps(self.attributes).encode()).hexdigest()[:16]

    @property
    def fingerprint(self) -> str:
        """Equal where nothing says that the document changed."""
        return f"{self.size_bytes}:{self.version or self.problem}:{self.attributes_hash}"


def find_inputs(where: str, kind: Kind = PSDS) -> list[Input]:
    """Every document of INPUT. Raises ValueError where INPUT is missing, empty or no valid manifest."""
    if os.path.isdir(where):  # whatever its name looks like
        found = _folder(where, kind)
    elif where.lower().endswith(kind.manifests):
        found = manifest(where)
    elif os.path.isfile(where):  # likewise
        found = [local(where, spelt_out(os.path.basename(where)))]
    elif any(sign in where for sign in "*?["):
        found = _glob(where)
    elif files.is_remote(where):
        found = _remote_folder(where, kind)
    else:
        raise ValueError(f"INPUT {printable(where)} does not exist")
    if not found:
        raise ValueError(f"INPUT {printable(where)} holds no documents ({kind.called}, or rows of a manifest)")
    return in_order(where, found)


def in_order(where: str, found: list[Input]) -> list[Input]:
    """By uri. Raises ValueError where two have one."""
    found = sorted(found, key=lambda one: one.uri)
    for before, after in itertools.pairwise(found):
        if before.uri == after.uri:
            raise ValueError(f"INPUT {printable(where)} names {printable(after.uri)} twice; each uri is one document")
    return found


def clean(text: str) -> str:
    """Valid UTF-8: what a file system or a PSD smuggled in as lone surrogates is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _folder(where: str, kind: Kind) -> list[Input]:
    """A folder inside that cannot be read is a document with that problem: what it holds is not forgotten."""
    found: list[Input] = []

    def refuse(error: OSError) -> None:
        path = os.fsdecode(error.filename)
        if path == where:
            raise ValueError(f"INPUT {printable(where)} cannot be read: {error.strerror}") from error
        uri = spelt_out(os.path.relpath(path, where)) + "/"
        found.append(Input(uri, path, problem=f"the folder cannot be read: {error.strerror}"))

    for parent, _, names in os.walk(where, onerror=refuse):
        for name in names:
            if name.lower().endswith(kind.suffixes):
                path = os.path.join(parent, name)
                found.append(local(path, spelt_out(os.path.relpath(path, where))))
    return found


def spelt_out(name: str) -> str:
    """A file's name as valid UTF-8, different for different names."""
    return os.fsencode(name.replace("\\", "\\\\")).decode("utf-8", "backslashreplace")


def _glob(pattern: str) -> list[Input]:
    """uris are relative to the folder before the first wildcard."""
    cut = min(pattern.index(sign) for sign in "*?[" if sign in pattern)
    root = pattern[: pattern.rfind("/", 0, cut) + 1]
    if files.is_remote(pattern):
        return [_remote(one, one.path[len(root) :]) for one in files.match(pattern)]
    paths = glob.glob(pattern, recursive=True, include_hidden=True)
    return [
        local(path, spelt_out(path[len(root) :]))
        for path in paths
        if not os.path.isdir(path) and ("**" not in pattern or not _is_behind_a_link(path, root))
    ]


def _is_behind_a_link(path: str, root: str) -> bool:
    """Whether a folder on the way is a link, which may lead in a circle."""
    folder = os.path.dirname(path)
    while len(folder) > len(root.rstrip("/")):
        if os.path.islink(folder):
            return True
        folder = os.path.dirname(folder)
    return False


def _remote_folder(folder: str, kind: Kind) -> list[Input]:
    root = folder.rstrip("/") + "/"
    found = [one for one in files.match(root + "**") if one.path.lower().endswith(kind.suffixes)]
    return [_remote(one, one.path[len(root) :]) for one in found]


def _remote(found: files.Found, uri: str) -> Input:
    return Input(clean(uri), found.path, found.size_bytes, found.version)


def local(path: str, uri: str, attributes: Attributes = ()) -> Input:
    """A file that is one document."""
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        return Input(uri, path, attributes=attributes, problem=f"cannot be read: {reason}")
    if not stat.S_ISREG(status.st_mode):
        return Input(uri, path, attributes=attributes, problem="no regular file")
    return Input(uri, path, status.st_size, str(status.st_mtime_ns), attributes)


def manifest(path: str, of_path: Callable[[str, str, Attributes], Input] | None = None) -> list[Input]:
    """Rows whose uri is no absolute path and no URL are found beside the manifest; `of_path` makes a document of a
    local path, its uri and its attributes, where that is no file."""
    return list(_manifest(path, of_path or local))


def _manifest(path: str, of_path: Callable[[str, str, Attributes], Input]) -> Iterator[Input]:
    try:
        data = files.read(path)
    except OSError as error:
        raise ValueError(f"the manifest {printable(path)} cannot be read: {error.strerror or error}") from error
    folder = path.rpartition("/")[0] if files.is_remote(path) else os.path.dirname(path)
    for number, row in enumerate(_rows(path, data), 1):
        uri = row.get("uri")
        if not uri:
            raise ValueError(f"row {number} of the manifest {printable(path)} has no uri")
        _check_columns(path, row)
        attributes = tuple((name, clean(value)) for name in ATTRIBUTES if (value := row.get(name)))
        target = uri if files.is_remote(uri) or os.path.isabs(uri) or not folder else files.join(folder, uri)
        if files.is_remote(target):
            yield _remote_row(clean(uri), target, attributes)
        else:
            yield _manifest_row(clean(uri), target, attributes, of_path)


def _manifest_row(
    uri: str, path: str, attributes: Attributes, of_path: Callable[[str, str, Attributes], Input]
) -> Input:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return Input(uri, clean(path), attributes=attributes, problem="cannot be read: not a path")
    return of_path(path, uri, attributes)


def _remote_row(uri: str, path: str, attributes: Attributes) -> Input:
    try:
        found = files.match(path)
    except (OSError, ValueError) as error:
        return Input(uri, path, attributes=attributes, problem=f"cannot be read: {clean(str(error))}")
    if len(found) != 1:
        return Input(uri, path, attributes=attributes, problem="cannot be read: no such file")
    return Input(uri, path, found[0].size_bytes, found[0].version, attributes)


def _rows(path: str, data: bytes) -> Iterable[dict[str, str | None]]:
    try:
        if path.lower().endswith(".parquet"):
            rows = pq.read_table(io.BytesIO(data)).to_pylist()
        elif path.lower().endswith(".csv"):
            rows = _csv_rows(data.decode("utf-8-sig"))
        else:
            rows = [json.loads(line) for line in data.decode("utf-8-sig").split("\n") if line.strip()]
    except (pa.ArrowException, csv.Error, ValueError, RecursionError) as error:
        raise ValueError(f"the manifest {printable(path)} cannot be read: {printable(str(error))}") from error
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise ValueError(f"row {number} of the manifest {printable(path)} is no object with a uri")
        for name in ("uri", *ATTRIBUTES):
            if not isinstance(row.get(name), str | None):
                raise ValueError(f"row {number} of the manifest {printable(path)}: {name} is no text")
    return rows


def _csv_rows(text: str) -> list[dict[str, str | None]]:
    """A row that does not fit the header would shift its cells into other columns."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = next(reader, [])
    if "uri" not in header:
        raise ValueError(f"it has no column 'uri' among {', '.join(map(repr, header))}")
    if len(set(header)) < len(header):
        raise ValueError("two of its columns have the same name")
    rows = []
    for row in filter(None, reader):
        if len(row) != len(header):
            raise ValueError(f"line {reader.line_num} has {len(row)} cells, the header {len(header)}")
        rows.append({name: cell or None for name, cell in zip(header, row, strict=True)})
    return rows


def _check_columns(path: str, row: dict[str, str | None]) -> None:
    """Other columns are nobody's business, but a misspelt one would lose a licence."""
    for name in row:
        near = difflib.get_close_matches(str(name).lower(), ("uri", *ATTRIBUTES), 1, 0.8)
        if near and name not in ("uri", *ATTRIBUTES):
            raise ValueError(f"the manifest {printable(path)} has a column {name!r}; did you mean {near[0]!r}?")
