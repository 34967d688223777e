"""A stack <-> a ZIP file that holds what a folder of pictures would, at its top or in one folder."""

from pathlib import Path
from typing import BinaryIO

from data_pipeline.stack_io.archive import open_archive, write_archive
from data_pipeline.stack_io.folder import stack_files, stack_of_files
from schemas.stack import Stack

_NOT_OURS = "__MACOSX/"  # what macOS adds to every archive


def read_zip(path: Path) -> Stack:
    """Raises ValueError that names the member."""
    with open_archive(path) as archive:
        names = [name for name in archive.names if not name.startswith(_NOT_OURS)]
        folders = {name.rpartition("/")[0] for name in names}
        prefix = f"{folders.pop()}/" if len(folders) == 1 and "" not in folders else ""
        own = [name.removeprefix(prefix) for name in names]
        return stack_of_files([name for name in own if "/" not in name], lambda name: archive.read(prefix + name))


def write_zip(stack: Stack, file: BinaryIO) -> None:
    """A writable stack's files, at the top."""
    write_archive(file, stack_files(stack))
