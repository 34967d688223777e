"""Paths of shards, local or remote, in; their sizes and their bytes out.

A path with `://` is opened through fsspec, whose packages for a store (s3fs, gcsfs) the user installs.
"""

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import fsspec

from schemas.members import SPLITS

_NAMES = tuple(f"{split}-" for split in SPLITS)


@dataclass(frozen=True)
class Shard:
    """`version` is its time of change in ns, or what the store says in its stead."""

    path: str
    bytes: int
    version: str


def find_shards(where: str, split: str) -> list[str]:
    """Tars of a split: of a dataset that `make shards` wrote, a folder of tars, a glob, or one tar; by name.

    In a dataset, and in a folder where any tar is called so, only those of the split count; tars of other names are all
    of the split `train`, so that nobody is measured on what was trained on. ValueError where there is none.
    """
    if "://" in where:
        files, sign = fsspec.core.url_to_fs(where)
        found = [f"{where.split('://')[0]}://{path}" for path in _remote(files, sign)]
    elif os.path.isdir(where):
        folder = Path(where, "shards") if Path(where, "shards").is_dir() else Path(where)
        found = [str(path) for path in folder.iterdir() if path.suffix == ".tar"]
    else:
        found = [where] if os.path.isfile(where) else glob.glob(where)
    named = [path for path in found if path.rpartition("/")[2].startswith(f"{split}-")]
    is_split = any(path.rpartition("/")[2].startswith(_NAMES) for path in found)
    chosen = sorted(found if split == "train" and not is_split else named)
    if not chosen:
        raise ValueError(f"{where} holds no shard of the split {split!r}")
    return chosen


def _remote(files: fsspec.AbstractFileSystem, sign: str) -> list[str]:
    if any(one in sign for one in "*?["):
        return list(files.glob(sign))
    if sign.endswith(".tar"):
        return [sign]
    inside = f"{sign}/shards" if files.exists(f"{sign}/shards") else sign
    return list(files.glob(f"{inside}/*.tar"))


def stat_shard(path: str) -> Shard:
    """ValueError that names a file that cannot be found."""
    try:
        if "://" not in path:
            status = os.stat(path)
            return Shard(path, status.st_size, str(status.st_mtime_ns))
        files, name = fsspec.core.url_to_fs(path)
        facts = files.info(name)
    except OSError as error:
        raise ValueError(f"the shard {path} cannot be read: {error.strerror or error}") from error
    version = next((facts[key] for key in ("ETag", "etag", "md5Hash", "mtime", "LastModified") if facts.get(key)), "")
    return Shard(path, int(facts["size"]), str(version))


def open_shard(path: str) -> BinaryIO:
    """For reading at any offset."""
    if "://" not in path:
        return open(path, "rb")
    files, name = fsspec.core.url_to_fs(path)
    return cast(BinaryIO, files.open(name, "rb"))
