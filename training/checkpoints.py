"""A run's state <-> `OUTPUT/checkpoints/step-00000100`: one safetensors file of a rank's fragments, and `state.json`.

Every fragment says which elements of which parameter it holds, so a checkpoint restores to any number of ranks and any
ZeRO stage, and weights are read from it without a rank. A checkpoint appears whole; nothing is unpickled.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from data_pipeline.shard_io import sync
from model.tensor_files import MODE
from schemas.version import SCHEMA_VERSION
from training.distributed import Ranks
from training.engine import Fragment

STATE = "state.json"
_EXTRA = "extra.safetensors"
_FOLDER = re.compile(r"step-(\d{8,})\Z")
_STARTS = "starts"  # in a file's header: where each fragment begins in its flattened parameter


@dataclass(frozen=True)
class State:
    """What is not a tensor. `steps_done` is the next step's number; `shapes` are those of the parameters; `frozen` is
    the fingerprint of the networks that are used and not trained."""

    stage: str
    steps_done: int
    world: int
    config: Mapping[str, Any] = field(repr=False)
    shapes: Mapping[str, Sequence[int]] = field(repr=False)
    frozen: str = ""
    schema_version: int = SCHEMA_VERSION


Tensors = Mapping[str, Sequence[Tensor]]  # by kind (`weights`, `ema`, ...): flat tensors, as fragments lie in them


def folder_of(output: Path, steps_done: int) -> Path:
    return output / "checkpoints" / f"step-{steps_done:08d}"


def whole(output: Path) -> list[Path]:
    """Checkpoints that were written to their end, the oldest first."""
    found = [path for path in (output / "checkpoints").glob("step-*") if _FOLDER.match(path.name)]
    return sorted((path for path in found if (path / STATE).is_file()), key=steps_of)


def steps_of(folder: Path) -> int:
    """How many steps a checkpoint's run had made, by its name."""
    return int(folder.name.removeprefix("step-"))


def save(
    output: Path, state: State, fragments: Sequence[Fragment], tensors: Tensors, extra: Mapping[str, Tensor],
    ranks: Ranks, keep: int,
) -> Path:  # fmt: skip
    """Writes a checkpoint, then removes all but the last `keep`.

    `extra` are whole tensors, which the first rank writes. OSError that names the file where any rank cannot write
    all of its own; earlier checkpoints stay.
    """
    final = folder_of(output, state.steps_done)
    partial = final.with_name(f".{final.name}.partial")
    if ranks.is_first:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    ranks.barrier()
    failure = _failure_of(lambda: write_part(partial, state, fragments, tensors, extra, ranks))
    failed = ranks.summed(torch.tensor([float(bool(failure))])).item()
    if not failed and ranks.is_first:
        failure = _failure_of(lambda: _publish(partial, final))
    failed = ranks.summed(torch.tensor([float(bool(failure))])).item()
    if failed:
        if ranks.is_first:
            shutil.rmtree(partial, ignore_errors=True)
        raise OSError(failure or f"another rank could not write its part of {final}")
    if ranks.is_first:
        for old in whole(output)[:-keep] if keep else []:
            (old / STATE).unlink()  # no longer whole, wherever a kill may come
            shutil.rmtree(old)
    return final


def read_state(folder: Path) -> State:
    """ValueError where it is none, or of another version."""
    path = folder / STATE
    try:
        state = State(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is no state of a run: {error}") from error
    if state.schema_version != SCHEMA_VERSION:
        raise ValueError(f"{path} has schema version {state.schema_version}; this is {SCHEMA_VERSION}")
    if not _is_sound(state):
        raise ValueError(f"{path} is no state of a run: a value in it is of another kind")
    if _FOLDER.match(folder.name) and state.steps_done != steps_of(folder):
        raise ValueError(f"{path} is of {state.steps_done} steps, its folder of {steps_of(folder)}")
    return state


def _is_sound(state: State) -> bool:
    """Whether every value is of its kind: JSON may hold anything."""
    return (
        type(state.steps_done) is int
        and type(state.world) is int
        and state.steps_done >= 0
        and state.world >= 1
        and isinstance(state.stage, str)
        and isinstance(state.frozen, str)
        and isinstance(state.config, dict)
        and isinstance(state.shapes, dict)
        and all(_is_shape(shape) for shape in state.shapes.values())
    )


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and all(type(side) is int and side >= 0 for side in value)


@torch.no_grad()
def restore(folder: Path, fragments: Sequence[Fragment], tensors: Tensors) -> None:
    """Fills this rank's flat tensors from the files of however many ranks there were.

    ValueError, naming the file, where one is damaged, or the parameters are others.
    """
    shapes = read_state(folder).shapes
    for one in fragments:
        if tuple(shapes.get(one.name, ())) != one.shape:
            raise ValueError(
                f"{folder}: {one.name} is {list(shapes.get(one.name, ()))}, this network's is {list(one.shape)}"
            )
    for kind, flats in tensors.items():
        files = _Files(folder, kind)
        for one in fragments:
            files.fill(one.name, one.start, flats[one.flat].narrow(0, one.offset, one.length))


def read_extra(folder: Path) -> dict[str, Tensor]:
    """What `save` was given as `extra`."""
    path = folder / _EXTRA
    try:
        return load_file(path) if path.is_file() else {}
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error


class StoredParameters(Mapping[str, Tensor]):
    """Whole parameters of a checkpoint by name, float32, each put together when it is asked for.

    `kind` is `weights`, or their average, `ema`.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self._shapes = read_state(folder).shapes
        self._files = _Files(folder, kind)

    def __getitem__(self, name: str) -> Tensor:
        shape = torch.Size(self._shapes[name])
        flat = torch.empty(shape.numel())
        self._files.fill(name, 0, flat)
        return flat.view(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)


class _Files:
    """The files of one kind, of all ranks, opened; `fill` copies what they hold of a parameter."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder = folder
        self._open: list[Any] = []
        self._places: dict[str, list[tuple[int, int, int]]] = {}  # (start, length, file) of a parameter's fragments
        for rank in range(read_state(folder).world):
            path = folder / _name(kind, rank)
            try:
                file = safe_open(path, "pt")
                starts = json.loads((file.metadata() or {})[_STARTS])
                for name in file.keys():  # noqa: SIM118 - it is no dict
                    length = int(file.get_slice(name).get_shape()[0])
                    self._places.setdefault(name, []).append((int(starts[name]), length, rank))
            except (OSError, SafetensorError, LookupError, ValueError, RecursionError) as error:
                raise ValueError(f"{path} is damaged or missing: {error}") from error
            self._open.append(file)

    def fill(self, name: str, start: int, target: Tensor) -> None:
        end, filled = start + len(target), 0
        for begin, length, file in self._places.get(name, ()):
            low, high = max(start, begin), min(end, begin + length)
            if low < high:
                part = self._open[file].get_slice(name)[low - begin : high - begin]
                target[low - start : high - start].copy_(part)
                filled += high - low
        if filled != len(target):
            raise ValueError(f"{self._folder} holds {filled} of {len(target)} elements of {name}")


def write_part(
    folder: Path, state: State, fragments: Sequence[Fragment], tensors: Tensors, extra: Mapping[str, Tensor],
    ranks: Ranks,
) -> None:  # fmt: skip
    """One kind after another: only one has a copy in memory at a time."""
    starts = {_STARTS: json.dumps({one.name: one.start for one in fragments})}
    for kind, flats in tensors.items():
        parts = {one.name: flats[one.flat].detach().narrow(0, one.offset, one.length) for one in fragments}
        _write(folder / _name(kind, ranks.rank), parts, starts)
    if ranks.is_first:
        if extra:
            _write(folder / _EXTRA, extra, {})
        path = folder / STATE
        path.write_text(json.dumps(asdict(state), indent=1) + "\n", encoding="utf-8")
        sync(path)


def _write(path: Path, tensors: Mapping[str, Tensor], facts: dict[str, str]) -> None:
    try:
        save_file({name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}, path, facts)
        os.chmod(path, MODE)
        sync(path)
    except (OSError, SafetensorError) as error:
        raise OSError(f"{path} cannot be written: {error}") from error


def _publish(partial: Path, final: Path) -> None:
    shutil.rmtree(final, ignore_errors=True)
    os.replace(partial, final)
    sync(final.parent)


def _failure_of(action: Callable[[], None]) -> str:
    """What went wrong with a file, so that all ranks hear of it."""
    try:
        action()
    except OSError as error:
        return str(error)
    return ""


def _name(kind: str, rank: int) -> str:
    return f"{kind}-{rank:05d}.safetensors"
