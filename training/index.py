"""What is known of every sample of some shards: where its members lie, how large it is, how long its captions are.

An index is an Arrow file with its sha256 behind it, which `indexing` makes; it knows the size and the time of its
shards and whose tokens it counts, and is refused once they differ.
"""

import hashlib
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.shard_io import Member, whole_file
from data_pipeline.stack_io.canonical_json import decode_json, encode_json
from schemas.version import SCHEMA_VERSION
from training.recipes import TextOrder
from training.storage import Shard, stat_shard
from training.writing import naming

LAYERED = "layered"  # the kind of a sample of two layers or more
FLAT = "flat"  # that of a picture with a caption and no layers

DAMAGE = (OSError, pa.ArrowException, KeyError, TypeError, ValueError)  # of an Arrow file, or of its facts
_NO_INDEX = "{} is no index of shards ({}); remove it, and it is made again"
_DIGEST_BYTES = 32

_MEMBER = pa.struct([("name", pa.string()), ("offset", pa.int64()), ("bytes", pa.int64())])
_CAPTION = pa.struct([
    # in the order of CaptionFacts
    ("layer", pa.int32()), ("language", pa.string()), ("length", pa.string()), ("tokens", pa.int32()),
    ("flags", pa.int32()), ("tokens_reading", pa.int32()), ("tokens_stacking", pa.int32()),
])  # fmt: skip
SCHEMA = pa.schema([
    ("key", pa.string()), ("shard", pa.int32()), ("kind", pa.string()),
    ("width", pa.int32()), ("height", pa.int32()), ("layers", pa.int32()), ("opaque", pa.bool_()),
    ("captions", pa.list_(_CAPTION)), ("members", pa.list_(_MEMBER)),
])  # fmt: skip


@dataclass(frozen=True)
class Counting:
    """`count` gives the tokens of a prompt; `tokenizer` is the same for all that count alike."""

    tokenizer: str
    count: Callable[[str], int] = field(repr=False)


@dataclass(frozen=True)
class CaptionFacts:
    """Of the composite (`layer` COMPOSITE) or of a layer. `flags` counts what quality control found wrong with it.

    `tokens` are those of the caption as a prompt, `tokens_reading` and `tokens_stacking` those of it with the file's
    further texts in that order (`prompts`).
    """

    layer: int
    language: str
    length: str
    tokens: int
    flags: int
    tokens_reading: int
    tokens_stacking: int


@dataclass(frozen=True)
class SampleFacts:
    """What a plan needs to know of a sample.

    `kind` is LAYERED, `single` (a document of one layer) or FLAT, of 0 layers. `opaque`: less than a thousandth of a
    ground would show beneath the composite; of a flat picture, that its file has no alpha channel. `empty_tokens` are
    those of the empty prompt.
    """

    key: str
    kind: str
    width: int
    height: int
    layers: int
    opaque: bool
    captions: tuple[CaptionFacts, ...]
    empty_tokens: int

    def text_tokens(self, caption: int | None, texts: TextOrder | None = None) -> int:
        """Of the prompt that one of `captions` is, with the file's further texts where their order is given; None: of
        the empty prompt."""
        if caption is None:
            return self.empty_tokens
        own = self.captions[caption]
        if texts is None:
            return own.tokens
        return own.tokens_reading if texts is TextOrder.READING else own.tokens_stacking


@dataclass(frozen=True, eq=False)
class Index:
    """`table` has the columns of SCHEMA: `members` by name without KEY (`composite.webp`).

    `tokenizer` names who counted the tokens. One that was read from a file travels to other processes by its `path`.
    """

    shards: tuple[Shard, ...]
    tokenizer: str
    empty_tokens: int
    table: pa.Table = field(repr=False)
    path: str | None = None

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __reduce__(self) -> tuple[Callable[..., "Index"], tuple[Any, ...]]:
        if self.path is not None:
            return read_index, (self.path, self.tokenizer)
        return Index, (self.shards, self.tokenizer, self.empty_tokens, self.table)

    def facts(self, row: int) -> SampleFacts:
        """Of one sample."""
        columns = self._columns
        first, last = columns.captions_from[row : row + 2].tolist()
        return SampleFacts(
            key=columns.key[row].as_py(),
            kind=columns.kind[row].as_py(),
            width=int(columns.width[row]),
            height=int(columns.height[row]),
            layers=int(columns.layers[row]),
            opaque=columns.opaque[row].as_py(),
            captions=tuple(map(CaptionFacts, *(values[first:last].tolist() for values in columns.captions))),
            empty_tokens=self.empty_tokens,
        )

    def members(self, row: int) -> dict[str, Member]:
        """Of one sample, by name without KEY."""
        columns = self._columns
        first, last = columns.members_from[row : row + 2].tolist()
        names, offsets, sizes = (values[first:last].tolist() for values in columns.members)
        return dict(zip(names, map(Member, names, offsets, sizes), strict=True))

    def shard(self, row: int) -> Shard:
        return self.shards[int(self._columns.shard[row])]

    def rows_of(self, shard: int) -> range:
        """Of one of `shards`, by its number: they lie together."""
        column = self._columns.shard
        return range(*np.searchsorted(column, np.array([shard, shard + 1], column.dtype)).tolist())

    def row_in_shard(self, row: int) -> int:
        """Which of its shard's samples it is."""
        return row - self.rows_of(int(self._columns.shard[row])).start

    def is_named(self, keys: Sequence[str]) -> np.ndarray:
        """bool [rows]: whether a row's key is one of these."""
        return np.asarray(pc.is_in(self.table["key"], pa.array(keys, pa.string())), bool)

    def name(self, row: int) -> str:
        """By which people find a sample: its shard's path and its key."""
        return f"{self.shard(row).path} {self._columns.key[row].as_py()}"

    @cached_property
    def _columns(self) -> "_Columns":
        return _Columns(self.table)


class _Columns:
    """The table's columns for access by row, without a copy where each is of one piece."""

    def __init__(self, table: pa.Table) -> None:
        def column(name: str) -> Any:
            whole = table.column(name)
            return whole.chunk(0) if whole.num_chunks == 1 else whole.combine_chunks()

        self.key, self.kind, self.opaque = column("key"), column("kind"), column("opaque")
        self.shard, self.width, self.height, self.layers = (
            column(name).to_numpy() for name in ("shard", "width", "height", "layers")
        )
        captions, members = column("captions"), column("members")
        self.captions_from, self.members_from = captions.offsets.to_numpy(), members.offsets.to_numpy()
        self.captions = [captions.values.field(one.name) for one in _CAPTION]
        self.members = [members.values.field(one.name) for one in _MEMBER]


def with_facts(table: pa.Table, facts: Mapping[str, Any]) -> pa.Table:
    """What an Arrow file says beside its rows."""
    return table.replace_schema_metadata({"lamina": encode_json(facts)})


def facts_of(schema: pa.Schema) -> Any:
    """The inverse. KeyError or ValueError, of `DAMAGE`, where there are none."""
    return decode_json((schema.metadata or {})[b"lamina"])


def write_index(index: Index, path: str | os.PathLike[str]) -> None:
    """OSError that names the file where the disk is full."""
    facts = {
        "schema_version": SCHEMA_VERSION,
        "shards": [asdict(shard) for shard in index.shards],
        "tokenizer": index.tokenizer,
        "empty_tokens": index.empty_tokens,
    }
    table = with_facts(index.table, facts)
    with naming(path), whole_file(path) as file:
        summed = _Summed(file)
        with pa.ipc.new_file(summed, table.schema) as writer:
            writer.write_table(table)
        file.write(summed.digest.digest())


def shards_of(path: str | os.PathLike[str]) -> tuple[Shard, ...]:
    """That an index was made of, wherever they are now. ValueError where the file is none."""
    try:
        with pa.memory_map(os.fspath(path)) as file:
            schema = pa.ipc.open_file(file.read_buffer().slice(0, file.size() - _DIGEST_BYTES)).schema
        return tuple(Shard(**shard) for shard in facts_of(schema)["shards"])
    except DAMAGE as error:
        raise ValueError(_NO_INDEX.format(os.fspath(path), error)) from error


class _Summed(io.RawIOBase):
    """A file that is written to, and the sha256 of what was."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return self._file.write(data)


def _whole(path: str) -> pa.Buffer:
    """The file without the checksum at its end, mapped; ValueError where it is not of these bytes."""
    content = pa.memory_map(path).read_buffer()
    table = content.slice(0, max(0, content.size - _DIGEST_BYTES))
    if hashlib.sha256(table).digest() != content.slice(table.size).to_pybytes():
        raise ValueError("its checksum is another's")
    return table


def read_index(path: str | os.PathLike[str], tokenizer: str) -> Index:
    """ValueError where the file is none or damaged, counts another tokenizer's tokens, or is older than a shard."""
    path = os.fspath(path)
    try:
        table = pa.ipc.open_file(_whole(path)).read_all()
        facts = facts_of(table.schema)
        shards = tuple(Shard(**shard) for shard in facts["shards"])
        version, counted, empty_tokens = (facts[name] for name in ("schema_version", "tokenizer", "empty_tokens"))
    except DAMAGE as error:
        raise ValueError(_NO_INDEX.format(path, error)) from error
    if version != SCHEMA_VERSION or not table.schema.equals(SCHEMA):
        raise ValueError(f"{path} is an index of another version; remove it, and it is made again")
    if counted != tokenizer:
        raise ValueError(f"{path} was made for another tokenizer; remove it, and it is made again")
    for shard in shards:
        if stat_shard(shard.path) != shard:
            raise ValueError(f"{path} is older than {shard.path}; remove it, and it is made again")
    return Index(shards, tokenizer, empty_tokens, table, path)
