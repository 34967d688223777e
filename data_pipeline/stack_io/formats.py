"""A path in, the layer stack that lies there out; and back, in the format that the path's suffix names.

    .psd .psb    Photoshop's
    .ora         OpenRaster: GIMP, Krita, MyPaint
    .svg         with PNGs inside: Inkscape, browsers
    .pptx        PowerPoint, one slide
    .zip         of what a folder would hold
    (none)       a folder of PNGs

What each keeps and loses is in README.md, "Layer stacks".
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from data_pipeline.shard_io import whole_file
from data_pipeline.stack_io.folder import read_folder, write_folder
from data_pipeline.stack_io.ora import read_ora, write_ora
from data_pipeline.stack_io.pptx import read_pptx, write_pptx
from data_pipeline.stack_io.psd import read_psd, write_psb, write_psd
from data_pipeline.stack_io.svg import read_svg, write_svg
from data_pipeline.stack_io.writable import writable
from data_pipeline.stack_io.zipped import read_zip, write_zip
from schemas.stack import Stack

_READERS: dict[str, Callable[[Path], Stack]] = {
    ".psd": read_psd,
    ".psb": read_psd,
    ".ora": read_ora,
    ".svg": read_svg,
    ".pptx": read_pptx,
    ".zip": read_zip,
}
_WRITERS: dict[str, Callable[[Stack, BinaryIO], None]] = {
    ".psd": write_psd,
    ".psb": write_psb,
    ".ora": write_ora,
    ".svg": write_svg,
    ".pptx": write_pptx,
    ".zip": write_zip,
}
SUFFIXES = tuple(_READERS)


def read_stack(path: str | os.PathLike[str]) -> Stack:
    """The stack in a folder or a file. Raises ValueError that names the file and says what is wrong with it."""
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    if not path.is_dir() and not path.is_file():
        raise ValueError(f"{path}: is no regular file")  # a pipe would be waited for
    read = read_folder if path.is_dir() else _READERS[_known(path)]
    try:
        return read(path)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from error


def write_stack(stack: Stack, path: str | os.PathLike[str]) -> None:
    """Write a stack; a path without a suffix, or one that is a folder, is a folder of PNGs.

    A file appears whole, and replaces one that is there; a folder is made, or replaces one that held a stack. Raises
    ValueError that names the file where the format cannot hold the stack, or nothing can be written there.
    """
    path = Path(path)
    check_name(path)
    if _is_folder(path):
        write_stack_folder(stack, path)
        return
    with _naming(path):
        plain = writable(stack)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            _WRITERS[path.suffix.lower()](plain, file)


def write_stack_folder(stack: Stack, path: Path) -> None:
    """As `write_stack`, whatever the folder is called."""
    with _naming(path):
        write_folder(writable(stack), path)


def check_name(path: Path) -> None:
    """Raises ValueError where its suffix names no format to write."""
    if not _is_folder(path):
        _known(path)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except OSError as error:
        raise ValueError(f"{path}: cannot be written: {error.strerror or error}") from error


def _is_folder(path: Path) -> bool:
    return path.suffix == "" or path.is_dir()


def _known(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        known = ", ".join(SUFFIXES)
        raise ValueError(f"{path}: a stack is a folder or a file that ends in {known}, not in {suffix!r}")
    return suffix
