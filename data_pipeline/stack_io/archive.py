"""A ZIP file of named members: read with everything about it checked first, and written the same bytes each time."""

import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from data_pipeline.stack_io.pictures import LIMITS

_MAX_MEMBERS = 10_000
_MAX_RATIO = 100  # of a member that inflates to more than this; pictures are compressed already
_SMALL_BYTES = 1 << 20
_ENCRYPTED = 0x1
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP can hold
_MODE = 0o100644 << 16
_UNIX = 3
_PACKED_ALREADY = (".png", ".webp", ".jpeg", ".jpg")


class Archive:
    """`names` are those of its files, in order. `read` raises ValueError that names a damaged one."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.names = tuple(info.filename for info in file.infolist() if not info.is_dir())

    def read(self, name: str) -> bytes:
        try:
            return self._file.read(name)
        except KeyError:
            raise ValueError(f"{name}: is not there") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            raise ValueError(f"{name}: is damaged: {error}") from error


@contextmanager
def open_archive(path: str | os.PathLike[str]) -> Iterator[Archive]:
    """Raises ValueError for what is no ZIP, or holds what none of ours does: nothing of it is then inflated.

    Refused are names that leave the archive or come twice, encryption, and members that together, or for their own
    size, would inflate to too much. A member never inflates to more than it says.
    """
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise ValueError(f"is no ZIP file: {error}") from error
    with file:
        members = file.infolist()
        if len(members) > _MAX_MEMBERS:
            raise ValueError(f"holds {len(members):,} members; the limit is {_MAX_MEMBERS:,}")
        if sum(info.file_size for info in members) > LIMITS.max_file_bytes:
            raise ValueError(f"would inflate to more than {LIMITS.max_file_bytes:,} bytes")
        seen: set[str] = set()
        for info in members:
            _check(info)
            if info.filename in seen:
                raise ValueError(f"{info.filename}: comes twice")
            seen.add(info.filename)
        yield Archive(file)


def _check(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename  # as it is stored: zipfile has mended the other
    if not name or "\0" in name or "\\" in name or ":" in name or name.startswith("/") or ".." in name.split("/"):
        raise ValueError(f"{name!r}: is no name inside the archive")
    if info.flag_bits & _ENCRYPTED:
        raise ValueError(f"{name}: is encrypted")
    if info.compress_type not in _KINDS:
        raise ValueError(f"{name}: is compressed in a way that is not read (method {info.compress_type})")
    if info.file_size > max(_SMALL_BYTES, _MAX_RATIO * info.compress_size):
        raise ValueError(f"{name}: would inflate from {info.compress_size:,} to {info.file_size:,} bytes")


def write_archive(file: BinaryIO, members: Iterable[tuple[str, bytes]]) -> None:
    """The members in their order, without a clock's time; those that are compressed already are stored."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system, info.external_attr = _UNIX, _MODE
            is_packed = name.endswith(_PACKED_ALREADY) or name == "mimetype"  # as OpenRaster and EPUB ask
            info.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
