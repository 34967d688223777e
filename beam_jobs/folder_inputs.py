"""INPUT (a folder of layer stacks, one of them, or a manifest) in, a document for each stack out.

A stack is a folder of pictures, or a file of a format that `stack_io` reads. PSDs are left to FORMAT=psd, which asks
more of them than their layers.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence

from beam_jobs import files
from beam_jobs.inputs import Attributes, Input, in_order, local, manifest, spelt_out
from data_pipeline.imported.stack_files import members
from schemas.spelling import printable

_MANIFESTS = (".csv", ".jsonl")
_PSD = (".psd", ".psb")


def find_stacks(where: str) -> list[Input]:
    """Raises ValueError where INPUT is missing, empty, remote or no valid manifest."""
    from data_pipeline.stack_io.folder import MANIFEST, numbers_layers
    from data_pipeline.stack_io.formats import SUFFIXES

    def is_stack(names: Sequence[str]) -> bool:
        """Whether a folder of files of these names is one, and no folder of stacks with pictures beside them."""
        files_too = any(name.lower().endswith(SUFFIXES) and not name.startswith(".") for name in names)
        return MANIFEST in names or (numbers_layers(names) and not files_too)

    suffixes = tuple(suffix for suffix in SUFFIXES if suffix not in _PSD)
    if files.is_remote(where):
        raise ValueError(f"INPUT {printable(where)} is remote; FORMAT=folder reads folders that can be listed in place")
    if os.path.isdir(where):
        found = list(_walked(where, is_stack, suffixes))
    elif where.lower().endswith(_MANIFESTS):
        found = manifest(where, _stack)
    elif os.path.isfile(where):
        found = [local(where, spelt_out(os.path.basename(where)))]
    else:
        raise ValueError(f"INPUT {printable(where)} does not exist")
    if not found:
        kinds = ", ".join(suffixes)
        raise ValueError(f"INPUT {printable(where)} holds no layer stack: no folder of numbered pictures, no {kinds}")
    return in_order(where, found)


def _walked(where: str, is_stack: Callable[[Sequence[str]], bool], suffixes: tuple[str, ...]) -> Iterator[Input]:
    """Links to folders are not followed. A folder that cannot be read is a document with that problem."""
    refused: list[Input] = []

    def refuse(error: OSError) -> None:
        path = os.fsdecode(error.filename)
        if path == where:
            raise ValueError(f"INPUT {printable(where)} cannot be read: {error.strerror}") from error
        refused.append(Input(_uri(path, where), path, problem=f"the folder cannot be read: {error.strerror}"))

    for folder, folders, names in os.walk(where, onerror=refuse):
        if is_stack(names):
            folders.clear()  # what lies in a stack's folder is the stack's
            yield _stack(folder, _uri(folder, where))
            continue
        for name in names:
            if name.lower().endswith(suffixes) and not name.startswith("."):
                path = os.path.join(folder, name)
                yield local(path, _uri(path, where))
    yield from refused


def _uri(path: str, where: str) -> str:
    """Relative to INPUT; of INPUT itself, its name."""
    relative = os.path.relpath(path, where)
    return spelt_out(os.path.basename(os.path.realpath(where)) if relative == "." else relative)


def _stack(path: str, uri: str, attributes: Attributes = ()) -> Input:
    """A folder's files are told apart by name, size and time together."""
    if not os.path.isdir(path):
        return local(path, uri, attributes)
    try:
        found = members(path)
    except OSError as error:
        return Input(uri, path, attributes=attributes, problem=f"the folder cannot be read: {error.strerror}")
    version = hashlib.sha256(repr(found).encode("utf-8", "backslashreplace")).hexdigest()[:16]
    return Input(uri, path, sum(size for _, size, _ in found), version, attributes)
