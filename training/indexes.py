"""Sources of a run in, their indexes out: made by the first rank where there is none yet, read by all."""

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from data_pipeline.shard_io import whole_file
from training.configuration import RunConfig
from training.data_options import Source
from training.distributed import Ranks
from training.index import Counting, Index, read_index, write_index
from training.indexing import build_index
from training.storage import find_shards

_POLL_S = 0.2


def open_indexes(sources: Sequence[Source], split: str, counting: Counting, folder: Path, ranks: Ranks) -> list[Index]:
    """One of every source, in order, kept in `folder`.

    ValueError where a source has no shard of the split, or an index is older than its shards.
    """
    check_given(sources)
    return [_opened(source, split, counting, folder, ranks) for source in sources]


def check_given(sources: Sequence[Source]) -> None:
    """ValueError where there is none."""
    if not sources:
        raise ValueError("data.sources is empty; give DATA=, or data.sources: [{where: ...}]")


def open_held_out(config: RunConfig, counting: Counting, folder: Path, ranks: Ranks) -> list[Index]:
    """Of the sources that are `held_out`, in order."""
    sources = held_out(config)
    return open_indexes(sources, config.validation.split, counting, folder, ranks) if sources else []


def held_out(config: RunConfig) -> list[Source]:
    """Sources that have shards for validation; none where it is not asked for."""
    return [one for one in config.data.sources if _is_asked(config) and _has(one, config.validation.split)]


def not_held_out(config: RunConfig) -> list[str]:
    """What a person should know of sources that validation is asked of, and that have no shards for it."""
    held, split = held_out(config), config.validation.split
    others = [one.where for one in config.data.sources if _is_asked(config) and one not in held]
    return [f"not in the validation: {where}, which has no shard of the split {split!r}" for where in others]


def _is_asked(config: RunConfig) -> bool:
    return config.validation.every > 0 or config.validation.pictures > 0


def _has(source: Source, split: str) -> bool:
    try:
        return bool(find_shards(source.where, split))
    except ValueError:
        return False


def not_there(indexes: Sequence[Index], skip: Sequence[str]) -> list[str]:
    """What `data.skip` names in vain, for people: a key may be spelled wrong, or its sample be gone."""
    named = (index.table["key"].filter(pa.array(index.is_named(skip))) for index in indexes)
    found = {key for keys in named for key in keys.to_pylist()}
    missing = [key for key in skip if key not in found]
    return [f"data.skip names {len(missing)} that no source has, the first {missing[0]}"] if missing else []


def _opened(source: Source, split: str, counting: Counting, folder: Path, ranks: Ranks) -> Index:
    shards = find_shards(source.where, split)
    digest = hashlib.sha256("\n".join([split, counting.tokenizer, *shards]).encode()).hexdigest()[:16]
    path = folder / f"{split}-{digest}.arrow"
    failed = path.with_suffix(".failed")
    if ranks.is_first:
        folder.mkdir(parents=True, exist_ok=True)
        failed.unlink(missing_ok=True)
    ranks.barrier()
    if ranks.is_first and not path.is_file():
        _build(shards, counting, path, failed)
    while not path.is_file():  # no collective: a large dataset may take longer than its time-out
        if failed.is_file():
            raise ValueError(failed.read_text(encoding="utf-8"))
        time.sleep(_POLL_S)
    index = read_index(os.fspath(path), counting.tokenizer)
    if [shard.path for shard in index.shards] != shards:
        raise ValueError(
            f"{path} is an index of other shards than those of {source.where}; remove it, and it is made again"
        )
    return index


def _build(shards: Sequence[str], counting: Counting, path: Path, failed: Path) -> None:
    """What is wrong is left in `failed` for the ranks that wait."""
    try:
        write_index(build_index(shards, counting), path)
    except (ValueError, OSError) as error:
        with whole_file(failed) as file:
            file.write(str(error).encode())
        raise
