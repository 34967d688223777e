"""A tar of anybody's in, its regular files out, with their offsets.

`shard_io.index_tar` knows the tars that we write. What webdataset's writer, GNU tar and bsdtar write has more between
the files: folders, which are passed over, and names and sizes in members of their own (pax, POSIX.1-2001; GNU's `L`).
"""

import os
import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from data_pipeline.shard_io import BLOCK_BYTES, Member, read_at

_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)
_SAID = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME)  # of other members
_MOST_SAID_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20


def regular_files(file: BinaryIO) -> Iterator[Member]:
    """In order, without reading their content. ValueError for what is no whole tar, for two (`cat a.tar
    b.tar`), and for links and devices."""
    total, offset = file.seek(0, os.SEEK_END), 0
    path: str | None = None  # of the next member, as said before it
    size: int | None = None
    while (block := read_at(file, offset, BLOCK_BYTES)) != bytes(BLOCK_BYTES):
        info = _header(block, offset)
        length = info.size if size is None else size
        start, end = offset + BLOCK_BYTES, offset + BLOCK_BYTES + -(-length // BLOCK_BYTES) * BLOCK_BYTES
        if length < 0 or end > total:
            raise ValueError(f"the member at byte {offset} claims {length} bytes, beyond the end of the file")
        if info.type in _SAID:
            if length > _MOST_SAID_BYTES:
                raise ValueError(f"the name of the member at byte {offset} takes {length} bytes")
            said = read_at(file, start, length)
            if info.type == tarfile.GNUTYPE_LONGNAME:
                path = _text(said.partition(b"\0")[0], offset)
            elif info.type == tarfile.XHDTYPE:
                path, size = _of_next(said, offset)
            elif _of_next(said, offset) != (None, None):
                raise ValueError(f"the pax header at byte {offset} gives all members one path or size")
        elif info.type in _FILES:
            yield Member(path or info.name, start, length)
        elif info.type != tarfile.DIRTYPE:
            raise ValueError(f"the member at byte {offset} is no regular file (type {info.type!r})")
        if info.type not in _SAID:
            path = size = None
        offset = end
    _check_end(file, offset, total)


def _check_end(file: BinaryIO, offset: int, total: int) -> None:
    """Readers of tars stop at the first block of zeros, so all of a second tar would be missed."""
    for start in range(offset, total - BLOCK_BYTES + 1, _CHUNK_BYTES):
        chunk = read_at(file, start, min(_CHUNK_BYTES, total - start))
        zeros = len(chunk) - len(chunk.lstrip(b"\0"))
        if zeros < len(chunk):
            block = zeros // BLOCK_BYTES * BLOCK_BYTES
            if _is_header(chunk[block : block + BLOCK_BYTES]):
                raise ValueError(
                    f"the tar ends at byte {offset} and another begins at byte {start + block}: give each as a file, "
                    "or join them with tar -A"
                )
            return


def parted(name: str) -> tuple[str, str]:
    """Of a member of a WebDataset: its sample's key, folders and all, and what follows the first dot."""
    path = PurePosixPath(name)
    stem, _, rest = path.name.partition(".")
    return str(path.parent / stem), rest


def _is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _header(block: bytes, offset: int) -> tarfile.TarInfo:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise ValueError(f"no tar header at byte {offset}: {error}") from error


def _of_next(said: bytes, offset: int) -> tuple[str | None, int | None]:
    """Path and size, where records `LENGTH KEY=VALUE\\n` say so; times and owners do not matter."""
    path = size = None
    while said:
        count, _, _ = said.partition(b" ")
        length = int(count) if count.isdigit() and len(count) < len(str(_MOST_SAID_BYTES)) else 0
        key, sign, value = said[len(count) + 1 : length].partition(b"=")
        if length > len(said) or not sign or not value.endswith(b"\n"):
            raise ValueError(f"the member at byte {offset} is no pax header")
        if key == b"path":
            path = _text(value[:-1], offset)
        if key == b"size":
            if not value[:-1].isdigit() or len(value) > 20:
                raise ValueError(f"the pax header at byte {offset} says no size")
            size = int(value)
        said = said[length:]
    return path, size


def _text(name: bytes, offset: int) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"the name at byte {offset} is no UTF-8: {error}") from error
