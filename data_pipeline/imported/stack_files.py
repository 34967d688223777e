"""The path of a layer stack in; the files that make it up, and one hash and one size of them all, out."""

import hashlib
import os
from functools import partial


def members(folder: str | os.PathLike[str]) -> list[tuple[str, int, int]]:
    """(name, bytes, mtime in ns) of the files of a folder that are not hidden, in the order of their names.

    Raises OSError.
    """
    with os.scandir(os.fspath(folder)) as entries:
        found = [(one.name, one.stat()) for one in entries if one.is_file() and not one.name.startswith(".")]
    return sorted((name, status.st_size, status.st_mtime_ns) for name, status in found)


def stack_bytes(path: str | os.PathLike[str]) -> int:
    """Raises OSError."""
    return sum(size for _, size, _ in members(path)) if os.path.isdir(path) else os.path.getsize(path)


def stack_sha256(path: str | os.PathLike[str]) -> str:
    """Of a file its own. Of a folder, that of the name, the length and the bytes of every file in it that is not
    hidden, in the order of their names. Raises OSError."""
    digest = hashlib.sha256()
    if not os.path.isdir(path):
        _add(digest, path)
        return digest.hexdigest()
    for name, size, _ in members(path):
        digest.update(os.fsencode(name) + f"\0{size}\0".encode())
        _add(digest, os.path.join(path, name))
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", path: str | os.PathLike[str]) -> None:
    with open(path, "rb") as file:
        for block in iter(partial(file.read, 1 << 20), b""):
            digest.update(block)
