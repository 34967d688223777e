"""Named tensors <-> a folder of safetensors files, in one file or in shards with an index, as diffusers lays them out.

Nothing here unpickles. Tensors are read one at a time, from the file straight to their device.
"""

import json
import math
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

STEM = "diffusion_pytorch_model"
_INDEX = f"{STEM}.safetensors.index.json"
_ONE = f"{STEM}.safetensors"
_REAL = ("BF16", "F16", "F32", "F64")
SHARD_BYTES = 5 << 30
MODE = 0o644  # of what is written: safetensors' own keeps other accounts out


@dataclass(frozen=True)
class TensorFiles:
    """What a folder holds, by the heads of its files: `shapes` and `files` by the name of the tensor."""

    folder: Path
    shapes: Mapping[str, tuple[int, ...]] = field(repr=False)
    files: Mapping[str, Path] = field(repr=False)

    def read(self, names: Iterable[str], device: torch.device | str = "cpu") -> Iterator[tuple[str, Tensor]]:
        """Tensors in the order of their files, so that each file is opened once."""
        by_file: dict[Path, list[str]] = {}
        for name in names:
            by_file.setdefault(self.files[name], []).append(name)
        for path, inside in by_file.items():
            with _opened(path, str(device)) as file:
                for name in inside:
                    yield name, file.get_tensor(name)

    def beginnings(self, elements: int) -> Iterator[tuple[str, Tensor]]:
        """Of every tensor its first rows, with at least so many elements where it has them, by name."""
        for name, path in sorted(self.files.items()):
            row = max(1, math.prod(self.shapes[name][1:]))
            with _opened(path, "cpu") as file:
                yield name, file.get_slice(name)[: -(-elements // row)]


def find_tensors(folder: str | os.PathLike[str]) -> TensorFiles:
    """ValueError where there are no weights, or a file is missing, cut short, no safetensors or not of real numbers."""
    folder = Path(folder)
    paths = _indexed(folder / _INDEX) if (folder / _INDEX).is_file() else {folder / _ONE}
    shapes: dict[str, tuple[int, ...]] = {}
    files: dict[str, Path] = {}
    for path in sorted(paths):
        if not path.is_file():
            raise ValueError(f"{path} is missing")
        with _opened(path, "cpu") as file:
            for name in file.keys():  # noqa: SIM118 - it is no dict
                head = file.get_slice(name)
                if head.get_dtype() not in _REAL:
                    raise ValueError(f"{name} of {path} is of type {head.get_dtype()}; weights are {', '.join(_REAL)}")
                if name in files:
                    raise ValueError(f"{path} has {name}, which {files[name].name} has too")
                shapes[name] = tuple(head.get_shape())
                files[name] = path
    return TensorFiles(folder, shapes, files)


def write_tensors(folder: Path, tensors: Iterable[tuple[str, Tensor]], shard_bytes: int = SHARD_BYTES) -> None:
    """Writes shards of at most `shard_bytes` (or of one tensor), and their index where there is more than one."""
    shards: list[list[str]] = []
    total = 0
    for number, shard in enumerate(_shards(tensors, shard_bytes)):
        save_file(shard, folder / f"{number}.part", metadata={"format": "pt"})
        os.chmod(folder / f"{number}.part", MODE)
        shards.append(list(shard))
        total += sum(tensor.nbytes for tensor in shard.values())
    if len(shards) == 1:
        os.replace(folder / "0.part", folder / _ONE)
        return
    weight_map = {}
    for number, names in enumerate(shards):
        file = f"{STEM}-{number + 1:05d}-of-{len(shards):05d}.safetensors"
        os.replace(folder / f"{number}.part", folder / file)
        weight_map.update(dict.fromkeys(names, file))
    write_json(folder / _INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name when it is full and on disk; after an error, or Ctrl-C, it is gone.

    ValueError where there is one of that name.
    """
    if folder.exists():
        raise ValueError(f"{folder} exists; give a folder that does not")
    made = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}.tmp")
    made.mkdir(parents=True)
    try:
        yield made
        for path in (*made.rglob("*"), made):
            _sync(path)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def read_json(path: Path) -> dict[str, Any]:
    """ValueError where there is no file, or no JSON object in it."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} is no JSON object")
    return value


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def check_names(found: Mapping[str, Sequence[int]], wanted: Mapping[str, Sequence[int]], where: Path) -> None:
    """ValueError that names the first tensors that are missing, surplus or of another shape."""
    missing, surplus = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    if missing:
        raise ValueError(f"{where} lacks {_some(missing)}, which this configuration has")
    if surplus:
        raise ValueError(f"{where} has {_some(surplus)}, which this configuration has not")
    for name, shape in wanted.items():
        if tuple(found[name]) != tuple(shape):
            raise ValueError(f"{name} of {where} is {list(found[name])}; this configuration has {list(shape)}")


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _some(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more tensors"


def _indexed(path: Path) -> set[Path]:
    weight_map = read_json(path).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ValueError(f"{path} has no weight_map")
    files = {str(file) for file in weight_map.values()}
    outside = [file for file in files if os.path.basename(file) != file]
    if outside:
        raise ValueError(f"{path} names {outside[0]!r}, which is no file beside it")
    return {path.parent / file for file in files}


def _opened(path: Path, device: str) -> Any:
    try:
        return safe_open(path, framework="pt", device=device)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is no whole safetensors file: {error}") from error


def _shards(tensors: Iterable[tuple[str, Tensor]], shard_bytes: int) -> Iterator[dict[str, Tensor]]:
    shard: dict[str, Tensor] = {}
    size = 0
    for name, tensor in tensors:
        if shard and size + tensor.nbytes > shard_bytes:
            yield shard
            shard, size = {}, 0
        shard[name] = tensor.detach().contiguous()
        size += tensor.nbytes
    yield shard
