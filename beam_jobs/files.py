"""Paths in, bytes in and out: plain calls for local paths, Beam's file systems for gs://, s3:// and the like."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO, cast

from data_pipeline.shard_io import read_at, sync, whole_file


@dataclass(frozen=True)
class Found:
    """A file of a listing. `version` changes whenever its content may have: mtime in ns, or the store's own."""

    path: str
    size_bytes: int
    version: str


@cache
def configure(beam_flags: tuple[str, ...]) -> None:
    """Hand Beam's file systems the flags that some of them (s3://) insist on: before the first use in a process."""
    from apache_beam.options.pipeline_options import PipelineOptions

    _beam().set_options(PipelineOptions([*beam_flags]))


def is_remote(path: str) -> bool:
    return "://" in path


def join(folder: str, *names: str) -> str:
    return "/".join([folder.rstrip("/"), *names]) if is_remote(folder) else os.path.join(folder, *names)


def open_read(path: str) -> BinaryIO:
    if is_remote(path):
        return cast(BinaryIO, _beam().open(path, compression_type="uncompressed"))
    return open(path, "rb")


def read(path: str) -> bytes:
    with open_read(path) as file:
        return file.read()


def read_part(path: str, offset: int, length: int) -> bytes:
    with open_read(path) as file:
        return read_at(file, offset, length)


@contextmanager
def create(path: str) -> Iterator[BinaryIO]:
    """A file that appears whole; its folder is made."""
    if is_remote(path):
        with _beam().create(path, compression_type="uncompressed") as file:
            yield file
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with whole_file(path) as file:
        yield file


def write(path: str, data: bytes) -> None:
    with create(path) as file:
        file.write(data)


def exists(path: str) -> bool:
    return _beam().exists(path) if is_remote(path) else os.path.exists(path)


def size(path: str) -> int | None:
    """None where there is no such file."""
    if is_remote(path):
        found = match(path)
        return found[0].size_bytes if len(found) == 1 else None
    return os.path.getsize(path) if os.path.isfile(path) else None


def sha256(path: str) -> str:
    """Of the file's content."""
    with open_read(path) as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def move(source: str, target: str) -> None:
    """Replaces `target`."""
    if is_remote(source):
        if _beam().exists(target):
            _beam().delete([target])
        _beam().rename([source], [target])
        return
    folder = os.path.dirname(target)
    os.makedirs(folder, exist_ok=True)
    os.replace(source, target)
    sync(folder)


def remove(path: str) -> None:
    """Removes a file; one that is gone is fine."""
    if is_remote(path):
        if _beam().exists(path):
            _beam().delete([path])
        return
    if os.path.lexists(path):
        os.unlink(path)


def remove_folder(path: str) -> None:
    """Removes a folder with all in it; one that is gone is fine."""
    if is_remote(path):
        found = [one.path for one in match(join(path, "**"))]
        if found:
            _beam().delete(found)
        return
    if os.path.isdir(path):
        shutil.rmtree(path)


def match(pattern: str) -> list[Found]:
    """Remote files that a glob matches; `**` crosses folders."""
    (result,) = _beam().match([pattern])
    return [
        Found(one.path, one.size_in_bytes, str(getattr(one, "last_updated_in_seconds", None)))
        for one in result.metadata_list
    ]


def _beam() -> Any:
    from apache_beam.io.filesystems import FileSystems  # a second to import, and most paths are local

    return FileSystems
