"""Named members in, tar bytes out, the same for the same members; and back: an index, and a member by its offset.

A shard is a plain USTAR archive of regular files with fixed owner, mode and time. A run is the bytes of
consecutive members with their headers and padding, so runs are copied from tar to tar without decoding.
"""

import errno
import hashlib
import os
import tarfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

BLOCK_BYTES = 512
_END = bytes(2 * BLOCK_BYTES)
_MODE = 0o644
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Member:
    """`offset` is that of the first byte of its content."""

    name: str
    offset: int
    size: int

    @property
    def run(self) -> tuple[int, int]:
        """(offset, length) of its header, content and padding."""
        return self.offset - BLOCK_BYTES, BLOCK_BYTES + _padded(self.size)


def pack(members: Iterable[tuple[str, bytes]]) -> bytes:
    """The run of these members."""
    return b"".join(part for name, data in members for part in (_header(name, len(data)), data, _padding(len(data))))


class TarWriter:
    """Writes a tar to `file`, which stays open. `offset` is where the next member's header goes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.offset = 0

    def add(self, name: str, data: bytes) -> None:
        self.add_run(pack([(name, data)]))

    def add_run(self, run: bytes) -> None:
        """Appends members as `pack` made them, or as they lie in another tar."""
        if len(run) % BLOCK_BYTES:
            raise ValueError(f"a run of {len(run)} bytes is not a whole number of tar blocks")
        self._write(run)

    def finish(self) -> str:
        """Writes the end of the archive; returns the sha256 of the whole."""
        self._write(_END)
        return self._hash.hexdigest()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self.offset += len(data)


def index_tar(file: BinaryIO) -> Iterator[Member]:
    """Members in order, without reading their content.

    Raises ValueError for anything but a complete plain tar of regular files: links, devices, long-name
    extensions, sizes beyond the end, a missing end. Names are the archive's: check them before use.
    """
    total = file.seek(0, os.SEEK_END)
    offset = 0
    while True:
        file.seek(offset)
        block = file.read(BLOCK_BYTES)
        if block == bytes(BLOCK_BYTES):
            return
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError) as error:
            raise ValueError(f"no tar header at byte {offset}: {error}") from error
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
            raise ValueError(f"the member at byte {offset} is no regular file (type {info.type!r})")
        start = offset + BLOCK_BYTES
        if info.size < 0 or start + _padded(info.size) > total:
            raise ValueError(f"the member at byte {offset} claims {info.size} bytes, beyond the end of the file")
        yield Member(info.name, start, info.size)
        offset = start + _padded(info.size)


def read_at(file: BinaryIO, offset: int, length: int) -> bytes:
    """Exactly `length` bytes from `offset`; ValueError where the file ends before."""
    file.seek(offset)
    data = file.read(length)
    if len(data) != length:
        raise ValueError(f"the file ends {length - len(data)} bytes before byte {offset + length}")
    return data


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file that appears under its name complete, or not at all: temporary name, fsync, rename.

    OSError that names it where the disk is full, which says no name of its own.
    """
    name = os.fspath(path)
    temporary = f"{name}.{uuid.uuid4().hex}.tmp"  # of this call: threads may write the same file at a time
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, name)
    except BaseException as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
            raise OSError(error.errno, error.strerror, name) from error
        raise
    sync(os.path.dirname(name) or ".")


def sync(path: str | os.PathLike[str]) -> None:
    """Makes a file, or the renames inside a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, _MODE
    return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")


def _padded(size: int) -> int:
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES


def _padding(size: int) -> bytes:
    return bytes(_padded(size) - size)
