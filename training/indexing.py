"""Shards in, the index of their samples out.

Only tar headers, KEY.json or KEY.txt, heads of pictures, and the composites that have alpha are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from data_pipeline.shard_io import Member, read_at
from data_pipeline.stack_io.canonical_json import decode_json
from data_pipeline.stack_io.images import decode_image
from schemas.members import CAPTION, COMPOSITE, METADATA, is_key, layer_name
from schemas.metadata import check_sample_json
from training.captions import EMPTY_PROMPT, SampleCaption, captions_in, captions_of
from training.foreign_tar import parted, regular_files
from training.ground import is_opaque
from training.index import FLAT, SCHEMA, Counting, Index
from training.metadata import is_sound
from training.picture_file import HEAD_BYTES, Head, read_head
from training.prompts import with_texts
from training.recipes import TextOrder
from training.storage import Shard, open_shard, stat_shard

PICTURES = ("png", "webp", "jpg", "jpeg")
_FIRST_BYTES = 64  # of a lossless WebP, in which it says whether it has alpha


def build_index(paths: Sequence[str], counting: Counting, workers: int = 8) -> Index:
    """ValueError that names the shard and the sample that cannot be indexed: nothing is left out silently."""
    shards = tuple(map(stat_shard, paths))
    with ThreadPoolExecutor(workers) as pool:  # reading and waiting, and tokenizers, which need no lock
        tables = list(pool.map(_table_of, range(len(shards)), shards, repeat(counting)))
    table = pa.concat_tables(tables).combine_chunks()
    if not table.num_rows:
        raise ValueError(f"{paths[0]} and {len(paths) - 1} more shards hold no sample")
    return Index(shards, counting.tokenizer, counting.count(EMPTY_PROMPT), table)


def _table_of(number: int, shard: Shard, counting: Counting) -> pa.Table:
    with open_shard(shard.path) as file:
        try:
            rows = [_row(number, key, members, file, counting) for key, members in _samples(file)]
        except ValueError as error:
            raise ValueError(f"the shard {shard.path} cannot be indexed: {error}") from error
    return pa.Table.from_pylist(rows, SCHEMA)


def _samples(file: BinaryIO) -> Iterator[tuple[str, dict[str, Member]]]:
    """Runs of members that share what stands before the first dot of their names."""
    key, members = "", dict[str, Member]()
    for member in regular_files(file):
        own, name = parted(member.name)
        if own != key and members:
            yield key, members
            members = {}
        if name in members:
            raise ValueError(f"sample {own} has two members .{name}")
        key = own
        members[name] = member
    if members:
        yield key, members


class _Read(Protocol):
    def __call__(self, member: Member, most_bytes: int | None = None) -> bytes:
        """A member's content, or its first bytes."""


def _row(number: int, key: str, members: Mapping[str, Member], file: BinaryIO, counting: Counting) -> dict[str, Any]:
    def read(member: Member, most_bytes: int | None = None) -> bytes:
        return read_at(file, member.offset, member.size if most_bytes is None else min(most_bytes, member.size))

    describe = _layered if is_key(key) and METADATA in members else _flat
    try:
        return {"key": key, "shard": number, **describe(key, members, read, counting)}
    except ValueError as error:
        raise ValueError(f"sample {key}: {error}") from error


def _layered(key: str, members: Mapping[str, Member], read: _Read, counting: Counting) -> dict[str, Any]:
    metadata = decode_json(read(members[METADATA]))
    if not is_sound(metadata):
        check_sample_json(metadata)  # names the field; four fifths of the time, were it asked of every sample
        raise ValueError("its KEY.json contradicts itself: a box beyond the canvas, files in disorder or a wrong kind")
    extension = metadata["layers"][0]["file"].rpartition(".")[2]
    composite = f"{COMPOSITE}.{extension}"
    names = [composite, *(f"{layer_name(index)}.{extension}" for index in range(len(metadata["layers"])))]
    missing = [name for name in (*names, METADATA) if name not in members]
    if missing:
        raise ValueError(f"it has no {missing[0]}")
    size = (metadata["width"], metadata["height"])
    return {
        "kind": metadata["kind"],
        "width": size[0],
        "height": size[1],
        "layers": len(metadata["layers"]),
        "opaque": _is_opaque(members[composite], extension, size, read),
        "captions": _counted(captions_of(metadata), metadata, counting),
        "members": [_member(name, members[name]) for name in (*names, METADATA)],
    }


def _is_opaque(composite: Member, extension: str, size: tuple[int, int], read: _Read) -> bool:
    if extension == "webp" and read_head(read(composite, _FIRST_BYTES)).opaque:
        return True
    return is_opaque(decode_image(read(composite), extension, *size)[..., 3])


def _flat(key: str, members: Mapping[str, Member], read: _Read, counting: Counting) -> dict[str, Any]:
    pictures = [name for name in members if name.lower() in PICTURES]
    if len(pictures) != 1:
        raise ValueError(
            f"it has {len(pictures)} pictures ({', '.join(PICTURES)}); it must have one, and its members lie behind "
            "one another (tar --sort=name)"
        )
    picture = members[pictures[0]]
    head = _head(picture, read)
    captions = [name for name in (CAPTION, CAPTION.upper()) if name in members][:1]  # the VAE needs none
    return {
        "kind": FLAT,
        "width": head.width,
        "height": head.height,
        "layers": 0,
        "opaque": head.opaque,
        "captions": _counted([one for name in captions for one in captions_in(read(members[name]))], {}, counting),
        "members": [_member(name, members[name]) for name in (pictures[0], *captions)],
    }


def _head(picture: Member, read: _Read) -> Head:
    """From its first bytes, or all where large metadata come first."""
    try:
        return read_head(read(picture, HEAD_BYTES))
    except ValueError:
        if picture.size <= HEAD_BYTES:
            raise
    return read_head(read(picture))


def _counted(
    captions: Sequence[SampleCaption], metadata: Mapping[str, Any], counting: Counting
) -> list[dict[str, Any]]:
    return [
        {"layer": one.layer, "language": one.language, "length": one.length, "flags": one.flags,
         **_tokens(one, metadata, counting)}
        for one in captions
    ]  # fmt: skip


def _tokens(caption: SampleCaption, metadata: Mapping[str, Any], counting: Counting) -> dict[str, int]:
    """Most prompts are the same in all orders of their texts, and are counted once."""
    prompts = {"tokens": caption.text}
    prompts |= {f"tokens_{order}": with_texts(caption, metadata, order) for order in TextOrder}
    counts = {prompt: counting.count(prompt) for prompt in set(prompts.values())}
    return {name: counts[prompt] for name, prompt in prompts.items()}


def _member(name: str, member: Member) -> dict[str, Any]:
    return {"name": name, "offset": member.offset, "bytes": member.size}
