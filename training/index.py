"""Shards in, one row for every sample out: where its members lie, how large it is, how long its captions are.

Only tar headers, KEY.json and, of plain image-text shards, the head of each picture are read. An index is an Arrow
file; it knows the size and the time of its shards, and is refused once they differ.
"""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import pyarrow as pa
from PIL import Image, UnidentifiedImageError

from data_pipeline.shard_io import Member, index_tar, read_at, whole_file
from data_pipeline.stack_io.canonical_json import decode_json, encode_json
from schemas.members import CAPTION, COMPOSITE, METADATA, is_key, layer_name
from schemas.metadata import check_sample_json
from schemas.version import SCHEMA_VERSION
from training.storage import Shard, open_shard, stat_shard

PICTURES = ("png", "webp", "jpg", "jpeg")
_HEAD_BYTES = 1 << 16  # of a picture, in which Pillow finds its size
_FLAT = "flat"  # kind of a picture with a caption and no layers

_MEMBER = pa.struct([("name", pa.string()), ("offset", pa.int64()), ("bytes", pa.int64())])
_CAPTION = pa.struct([("language", pa.string()), ("length", pa.string()), ("bytes", pa.int32()), ("flags", pa.int32())])
SCHEMA = pa.schema([
    ("key", pa.string()), ("shard", pa.int32()), ("kind", pa.string()),
    ("width", pa.int32()), ("height", pa.int32()), ("layers", pa.int32()),
    ("captions", pa.list_(_CAPTION)), ("members", pa.list_(_MEMBER)),
])  # fmt: skip


@dataclass(frozen=True, eq=False)
class Index:
    """`table` has the columns of SCHEMA: `members` by name without KEY (`composite.webp`), `layers` 0 for a flat
    picture, and of each caption its UTF-8 bytes and the number of flags that quality control raised."""

    shards: tuple[Shard, ...]
    table: pa.Table = field(repr=False)

    def __len__(self) -> int:
        return int(self.table.num_rows)


def build_index(paths: Sequence[str], workers: int = 8) -> Index:
    """ValueError that names the shard and the sample that cannot be indexed: nothing is left out silently."""
    shards = tuple(map(stat_shard, paths))
    with ThreadPoolExecutor(workers) as pool:  # reading and waiting, hardly any computing
        rows = [row for part in pool.map(_rows_of, range(len(shards)), shards) for row in part]
    if not rows:
        raise ValueError(f"{paths[0]} and {len(paths) - 1} more shards hold no sample")
    return Index(shards, pa.Table.from_pylist(rows, SCHEMA))


def write_index(index: Index, path: str | os.PathLike[str]) -> None:
    facts = {"schema_version": SCHEMA_VERSION, "shards": [asdict(shard) for shard in index.shards]}
    table = index.table.replace_schema_metadata({"lamina": encode_json(facts)})
    with whole_file(path) as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def read_index(path: str | os.PathLike[str]) -> Index:
    """ValueError where the file is none, or older than one of its shards, which it names."""
    try:
        table = pa.ipc.open_file(pa.memory_map(os.fspath(path))).read_all()
        facts = decode_json((table.schema.metadata or {})[b"lamina"])
        shards = tuple(Shard(**shard) for shard in facts["shards"])
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no index of shards: {error}") from error
    if facts["schema_version"] != SCHEMA_VERSION or not table.schema.equals(SCHEMA):
        raise ValueError(f"{path} is an index of another version; remove it, and it is made again")
    for shard in shards:
        if stat_shard(shard.path) != shard:
            raise ValueError(f"{path} is older than {shard.path}; remove it, and it is made again")
    return Index(shards, table)


def _rows_of(number: int, shard: Shard) -> list[dict[str, Any]]:
    with open_shard(shard.path) as file:
        try:
            return [_row(number, key, members, file) for key, members in _samples(file)]
        except ValueError as error:
            raise ValueError(f"the shard {shard.path} cannot be indexed: {error}") from error


def _samples(file: BinaryIO) -> Iterator[tuple[str, dict[str, Member]]]:
    """Runs of members that share what stands before the first dot of their names."""
    key, members = "", dict[str, Member]()
    for member in index_tar(file):
        path = PurePosixPath(member.name)
        stem, _, name = path.name.partition(".")
        own = str(path.parent / stem)
        if own != key and members:
            yield key, members
            members = {}
        key = own
        members[name] = member
    if members:
        yield key, members


def _row(number: int, key: str, members: dict[str, Member], file: BinaryIO) -> dict[str, Any]:
    describe = _layered if is_key(key) and METADATA in members else _flat
    return {
        "key": key,
        "shard": number,
        **describe(key, members, partial(read_at, file)),
    }


def _layered(key: str, members: dict[str, Member], read: Callable[[int, int], bytes]) -> dict[str, Any]:
    metadata = decode_json(read(members[METADATA].offset, members[METADATA].size))
    check_sample_json(metadata)
    extension = metadata["layers"][0]["file"].rpartition(".")[2]
    names = [f"{COMPOSITE}.{extension}"]
    names += [f"{layer_name(index)}.{extension}" for index in range(len(metadata["layers"]))]
    missing = [name for name in (*names, METADATA) if name not in members]
    if missing:
        raise ValueError(f"sample {key} has no {missing[0]}")
    captions = [
        {"language": one["language"], "length": one["length"], "bytes": len(one["text"].encode("utf-8", "replace")),
         "flags": len(one["flags"])}
        for one in metadata["captions"]
    ]  # fmt: skip
    return {
        "kind": metadata["kind"],
        "width": metadata["width"],
        "height": metadata["height"],
        "layers": len(metadata["layers"]),
        "captions": captions,
        "members": [_member(name, members[name]) for name in (*names, METADATA)],
    }


def _flat(key: str, members: dict[str, Member], read: Callable[[int, int], bytes]) -> dict[str, Any]:
    pictures = [name for name in members if name.lower() in PICTURES]
    if len(pictures) != 1:
        raise ValueError(f"sample {key} has {len(pictures)} pictures ({', '.join(PICTURES)}); it must have one")
    picture = members[pictures[0]]
    if CAPTION not in members:
        raise ValueError(f"sample {key} has no caption ({key}.{CAPTION})")
    width, height = _size(key, read(picture.offset, min(picture.size, _HEAD_BYTES)))
    text = {"language": "", "length": "", "bytes": members[CAPTION].size, "flags": 0}
    return {
        "kind": _FLAT,
        "width": width,
        "height": height,
        "layers": 0,
        "captions": [text],
        "members": [_member(name, members[name]) for name in (pictures[0], CAPTION)],
    }


def _member(name: str, member: Member) -> dict[str, Any]:
    return {"name": name, "offset": member.offset, "bytes": member.size}


def _size(key: str, head: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(head)) as image:
            return image.size
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"the picture of sample {key} has no readable size: {error}") from error
