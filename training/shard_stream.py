"""A shard in, its samples out, in order and with all their bytes: for who needs each of them once.

webdataset reads it, from the first byte to the last, so that a shard in a store is fetched once and by no seeking. What
trains needs samples in the order of a plan, and takes them by offset (`data`).
"""

import tarfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from webdataset.tariterators import group_by_keys, tar_file_iterator

from training.data import opened
from training.foreign_tar import parted
from training.index import Index


@dataclass(frozen=True, eq=False)
class RawSample:
    """`contents` are those of the members that the index names; `source` numbers its index."""

    source: int
    row: int
    contents: Mapping[str, bytes] = field(repr=False)


def raw_samples(source: int, index: Index, number: int, rows: Collection[int]) -> Iterator[RawSample]:
    """Of one of the index's shards, those that are among `rows`.

    ValueError that names the shard where it cannot be read, or has other samples than the index says.
    """
    path = index.shards[number].path
    try:
        with opened(index.shards[number]) as file:
            # none is skipped: a folder `__x__` holds samples like any other
            files = ({**member, "__url__": path} for member in tar_file_iterator(file, skip_meta=None))
            samples = group_by_keys(files, keys=_parted, lcase=False)
            for row in index.rows_of(number):
                contents = _contents(index, row, next(samples, None))
                if row in rows:
                    yield RawSample(source, row, contents)
    except (ValueError, OSError, tarfile.TarError) as error:
        raise ValueError(f"{path}: {_said(error)}") from error


def _contents(index: Index, row: int, sample: Mapping[str, Any] | None) -> dict[str, bytes]:
    key, names = index.facts(row).key, index.members(row)
    if sample is None or sample["__key__"] != key or not all(f".{name}" in sample for name in names):
        raise ValueError(f"webdataset does not find the sample {key} where the index says it lies")
    return {name: sample[f".{name}"] for name in names}


def _parted(name: str) -> tuple[str, str]:
    """With its dot, so that no member is called as what webdataset notes of a sample (`__url__`)."""
    key, rest = parted(name)
    return key, f".{rest}"


def _said(error: Exception) -> str:
    """webdataset hangs the stream on what an error says."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error.args[0]).partition(" @ ")[0] if error.args else type(error).__name__
