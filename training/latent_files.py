"""Latents of a shard's samples in, one tar of them and its index out; and back.

`train-000000.tar` stands beside the shard's own name and is a WebDataset: of each sample KEY.json, which says what each
recipe is made of, KEY.latents.safetensors with `frames` [K, C, h, w] (and `conditions`, where another VAE made them),
and KEY.text.safetensors with `text_0` [U, W], ...; normalised, bf16. `train-000000.arrow` says where each lies, and of
which state of the shard; it is written last.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
from safetensors.torch import save
from torch import Tensor

from data_pipeline.shard_io import BLOCK_BYTES, Member, TarWriter, pack, whole_file
from data_pipeline.stack_io.canonical_json import decode_json, encode_json
from training.index import DAMAGE, facts_of, with_facts
from training.recipes import Recipe
from training.storage import Shard
from training.writing import naming

DESCRIPTION, LATENTS, TEXT = "json", "latents.safetensors", "text.safetensors"
FRAMES, CONDITIONS = "frames", "conditions"  # tensors of LATENTS
_PARTS = (DESCRIPTION, LATENTS, TEXT)
_SPAN = pa.struct([("offset", pa.int64()), ("bytes", pa.int64())])
_SCHEMA = pa.schema([("key", pa.string()), *((part, _SPAN) for part in _PARTS)])


@dataclass(frozen=True)
class Use:
    """What a recipe is made of: rows of `frames`; a row of `conditions`, or of `frames` where one VAE makes both, None
    where there is no condition; and the number of its text."""

    recipe: Recipe
    frames: tuple[int, ...]
    condition: int | None
    text: int


@dataclass(frozen=True, eq=False)
class SampleLatents:
    """Of all recipes of a sample, each picture and each text once. Tensors are bf16, of the CPU."""

    key: str
    uses: tuple[Use, ...]
    prompts: tuple[str, ...]
    frames_KChw: Tensor = field(repr=False)
    conditions_KChw: Tensor | None = field(repr=False)
    texts_UW: tuple[Tensor, ...] = field(repr=False)


@dataclass(frozen=True, eq=False)
class LatentIndex:
    """`table` has a row for each of the shard's samples, in their order; null where no recipe is of it. `bytes` are the
    tar's."""

    shard: Shard
    bytes: int
    table: pa.Table = field(repr=False)

    def members(self, row: int) -> dict[str, Member] | None:
        """By what follows KEY."""
        if self.table["key"][row].as_py() is None:
            return None
        spans = {part: self.table[part][row].as_py() for part in _PARTS}
        return {part: Member(part, span["offset"], span["bytes"]) for part, span in spans.items()}


def tar_path(folder: Path, shard: Shard) -> Path:
    """Of the latents of a shard; the index lies beside it."""
    return folder / PurePosixPath(shard.path).name


def check_key(key: str) -> None:
    """ValueError where no member of a tar can be called by it: USTAR has room for 100 bytes, other tars for more."""
    try:
        pack([(f"{key}.{LATENTS}", b"")])
    except ValueError as error:
        raise ValueError(f"the key {key} is too long for the names of its latents: {error}") from error


def plain(recipe: Recipe) -> Any:
    """As KEY.json has it."""
    return decode_json(encode_json(asdict(recipe)))


def write_latents(path: Path, shard: Shard, samples: Iterable[SampleLatents | None]) -> int:
    """How many samples were written; `samples` are the shard's, in order, None where no recipe is of one.

    OSError that names the file where the disk is full.
    """
    rows = []
    with naming(path):
        with whole_file(path) as file:
            writer = TarWriter(file)
            for sample in samples:
                rows.append({"key": None} if sample is None else _written(writer, sample))
            writer.finish()
        _write_index(path, LatentIndex(shard, path.stat().st_size, pa.Table.from_pylist(rows, _SCHEMA)))
    return sum(row["key"] is not None for row in rows)


def read_latent_index(tar: Path, shard: Shard) -> LatentIndex:
    """ValueError where there is none, it is damaged, or `shard` or the tar has changed since."""
    path = index_path(tar)
    if not path.is_file():
        raise ValueError(f"{tar} is not there: make latents has not finished")
    try:
        table = pa.ipc.open_file(pa.memory_map(os.fspath(path))).read_all()
        facts = facts_of(table.schema)
        index = LatentIndex(Shard(**facts["shard"]), int(facts["bytes"]), table)
    except DAMAGE as error:
        raise ValueError(f"{path} is no index of latents ({error}); remove it, and make latents again") from error
    if not table.schema.equals(_SCHEMA):
        raise ValueError(f"{path} is an index of another version; remove it, and make latents again")
    if (index.shard.bytes, index.shard.version) != (shard.bytes, shard.version):
        raise ValueError(f"{tar} is older than {shard.path}; make latents again")
    if not tar.is_file() or tar.stat().st_size != index.bytes:
        raise ValueError(f"{tar} has been cut short or changed; remove {path.name}, and make latents again")
    if not all(_lies_within(table[part], table["key"], index.bytes) for part in _PARTS):
        raise ValueError(f"{path} names what does not lie in {tar.name}; remove it, and make latents again")
    return index


def _lies_within(spans: pa.ChunkedArray, keys: pa.ChunkedArray, tar_bytes: int) -> bool:
    """Of each sample that has latents."""
    own = spans.filter(keys.is_valid()).combine_chunks()
    offsets, lengths = own.field("offset"), own.field("bytes")
    if own.null_count or offsets.null_count or lengths.null_count:
        return False
    begin, length = offsets.to_numpy(), lengths.to_numpy()
    return bool(((begin >= 0) & (length >= 0) & (length <= tar_bytes - begin)).all())


def _written(writer: TarWriter, sample: SampleLatents) -> dict[str, Any]:
    described = {
        "key": sample.key,
        "prompts": sample.prompts,
        "recipes": [asdict(use) for use in sample.uses],
    }
    latents = {FRAMES: sample.frames_KChw}
    if sample.conditions_KChw is not None:
        latents[CONDITIONS] = sample.conditions_KChw
    contents = (encode_json(described), save(latents), save(_named(sample.texts_UW)))
    row: dict[str, Any] = {"key": sample.key}
    for part, data in zip(_PARTS, contents, strict=True):
        row[part] = {"offset": writer.offset + BLOCK_BYTES, "bytes": len(data)}
        writer.add(f"{sample.key}.{part}", data)
    return row


def _named(texts_UW: Sequence[Tensor]) -> dict[str, Tensor]:
    return {text_name(number): text_UW for number, text_UW in enumerate(texts_UW)}


def text_name(number: int) -> str:
    """Of a tensor of TEXT."""
    return f"text_{number}"


def index_path(tar: Path) -> Path:
    """Of each tar another, also where shards are called `part.000` and `part.001`."""
    return tar.with_name(f"{tar.name.removesuffix('.tar')}.arrow")


def _write_index(tar: Path, index: LatentIndex) -> None:
    shard = replace(index.shard, path=PurePosixPath(index.shard.path).name)  # datasets move
    facts = {"shard": asdict(shard), "bytes": index.bytes}
    table = with_facts(index.table, facts)
    with whole_file(index_path(tar)) as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
