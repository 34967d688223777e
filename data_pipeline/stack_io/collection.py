"""A path in; every layer stack that lies there out, by name. Pictures are read only when a stack is.

A dataset that `make shards` wrote, a folder of its shards, or one shard: a stack for each sample, named by its KEY. A
folder of stacks, searched to the bottom: named by their paths in it, without the suffix. A single stack: by its own
name. Links to folders are not followed.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from data_pipeline.shard_io import Member, index_tar, read_at
from data_pipeline.stack_io.folder import MANIFEST, numbers_layers
from data_pipeline.stack_io.formats import SUFFIXES, read_stack
from data_pipeline.stack_io.pictures import LIMITS
from data_pipeline.stack_io.sample import StoredSample, read_sample
from schemas.members import is_key
from schemas.stack import Stack

_SHARD = ".tar"


@dataclass(frozen=True)
class StackRef:
    """`where` names the file for people. `read` raises ValueError that names it; it can be pickled."""

    name: str
    where: str
    read: Callable[[], Stack]


def stacks_in(path: str | os.PathLike[str]) -> list[StackRef]:
    """Every stack at a path, in the order of their names, which are unique.

    Raises ValueError that names the path where there is none, where two have one name, or a shard is damaged.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    shards = _shards(path)
    found = sorted(_samples(shards) if shards else _files(path), key=lambda ref: ref.name)
    if not found:
        raise ValueError(f"{path}: holds no layer stack: no shard, no folder of pictures, no {', '.join(SUFFIXES)}")
    for one, other in pairwise(found):
        if one.name == other.name:
            raise ValueError(f"{one.where} and {other.where} are both called {one.name}")
    return found


def check_apart(output: Path, source: Path) -> None:
    """Raises ValueError where OUTPUT is INPUT, which it would replace, or lies in it, where the next run would take it
    for more input."""
    if output.resolve().is_relative_to(source.resolve()):
        is_same = output.resolve() == source.resolve()
        raise ValueError(f"{output}: {'is' if is_same else 'lies in'} the input, which stays as it is")


def stack_of(sample: StoredSample) -> Stack:
    """A sample's stack, its layers named as their members are: `layer_00` is the bottom one."""
    files = (layer["file"] for layer in sample.metadata["layers"])
    layers = zip(sample.stack.layers, files, strict=True)
    return replace(sample.stack, layers=tuple(replace(one, name=file.partition(".")[0]) for one, file in layers))


def _shards(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == _SHARD else []
    folder = path / "shards" if (path / "shards").is_dir() else path
    return sorted(one for one in folder.iterdir() if one.suffix.lower() == _SHARD and one.is_file())


def _samples(shards: list[Path]) -> Iterator[StackRef]:
    for shard in shards:
        members: dict[str, list[Member]] = {}
        try:
            with open(shard, "rb") as file:
                for member in index_tar(file):
                    key = member.name.partition(".")[0]
                    if not is_key(key):  # it may become the name of a file
                        raise ValueError(f"{member.name!r} is no member of a sample")
                    members.setdefault(key, []).append(member)
        except ValueError as error:
            raise ValueError(f"{shard}: {error}") from error
        for key, own in members.items():
            yield StackRef(key, f"{shard}: {key}", partial(_read_member, shard, key, tuple(own)))


def _read_member(shard: Path, key: str, members: tuple[Member, ...]) -> Stack:
    if sum(member.size for member in members) > LIMITS.max_file_bytes:
        raise ValueError(f"{shard}: {key}: is larger than {LIMITS.max_file_bytes:,} bytes")
    try:
        with open(shard, "rb") as file:
            contents = {member.name: read_at(file, member.offset, member.size) for member in members}
        return stack_of(read_sample(contents))
    except (ValueError, OSError) as error:
        raise ValueError(f"{shard}: {key}: {error}") from error


def _files(path: Path) -> Iterator[StackRef]:
    if path.is_file():
        if _is_stack_file(path.name):
            yield StackRef(path.stem, str(path), partial(read_stack, path))
        return
    for folder, folders, names in os.walk(path, onerror=_refuse):
        if MANIFEST in names or (numbers_layers(names) and not any(map(_is_stack_file, names))):
            folders.clear()  # what lies in a stack's folder is the stack's
            own = Path(folder)
            name = own.relative_to(path).as_posix() if own != path else own.resolve().name
            yield StackRef(name, str(own), partial(read_stack, own))
            continue
        for file in (Path(folder, name) for name in names if _is_stack_file(name)):
            name = file.relative_to(path).with_suffix("").as_posix()
            yield StackRef(name, str(file), partial(read_stack, file))


def _refuse(error: OSError) -> None:
    """What lies in a folder that cannot be read would be lost without a word."""
    raise ValueError(f"{os.fsdecode(error.filename)}: the folder cannot be read: {error.strerror}") from error


def _is_stack_file(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith(".")
