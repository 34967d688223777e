"""Latents that `make latents` wrote in, what a planned pack is trained on out: no picture is decoded, nothing encoded.

It takes the place of `data.Reader` and `batches.encode`; recipes, noise and noise levels are the same.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from data_pipeline.shard_io import Member, read_at
from data_pipeline.stack_io.canonical_json import decode_json
from training.batches import Encoded, Encoders
from training.configuration import RunConfig
from training.index import Index
from training.latent_files import (
    CONDITIONS,
    DESCRIPTION,
    FRAMES,
    LATENTS,
    TEXT,
    LatentIndex,
    plain,
    read_latent_index,
    tar_path,
    text_name,
)  # fmt: skip
from training.latent_settings import find_folder, made_with, root_of
from training.recipes import Planned, Task
from training.storage import Shard
from training.tensor_member import TensorMember
from training.transfer import on_device

_OPEN_TARS = 32  # at a time, in a process
_MOST_DESCRIBED_BYTES = 1 << 22


@dataclass(frozen=True)
class Form:
    """Of latents: `channels`, at a `stride` of pixels; and the width of texts."""

    channels: int
    stride: int
    text_width: int


@dataclass(frozen=True, eq=False)
class Stored:
    """As in `Encoded`; arrays are int16, whose bits are those of bf16."""

    planned: Planned
    frames_FChw: np.ndarray = field(repr=False)
    condition_Chw: np.ndarray | None = field(repr=False)
    text_UW: np.ndarray = field(repr=False)


class LatentReader:
    """Reads packs by offset. It travels to a worker process without the tars it has open."""

    def __init__(self, sources: Sequence[Index], folders: Sequence[Path], form: Form) -> None:
        self._sources, self._folders, self._form = tuple(sources), tuple(folders), form
        self._tars = OrderedDict[Path, tuple[BinaryIO, LatentIndex]]()

    def __reduce__(self) -> tuple[type["LatentReader"], tuple[Any, ...]]:
        return LatentReader, (self._sources, self._folders, self._form)

    def __call__(self, pack: Sequence[Planned]) -> list[Stored]:
        """ValueError that names the tar and the sample that cannot be read."""
        return [self.stored(planned) for planned in pack]

    def stored(self, planned: Planned) -> Stored:
        """Of one sample."""
        index = self._sources[planned.source]
        shard = index.shard(planned.index)
        path = tar_path(self._folders[planned.source], shard)
        try:
            file, places = self._open(path, shard)
            members = places.members(index.row_in_shard(planned.index))
            return self._read(file, members, planned, index.facts(planned.index).key)
        except (ValueError, OSError) as error:
            raise ValueError(f"{path}, sample {index.facts(planned.index).key}: {error}") from error

    def _read(self, file: BinaryIO, members: dict[str, Member] | None, planned: Planned, key: str) -> Stored:
        if members is None:
            raise ValueError("it has no latents")
        frames, condition, text = _use(file, members[DESCRIPTION], planned, key)
        recipe, form = planned.recipe, self._form
        width, height = recipe.size
        shape = (form.channels, height // form.stride, width // form.stride)
        latents = TensorMember(file, members[LATENTS])
        condition_Chw = None
        if recipe.task is Task.IMAGE_TO_LAYERS:
            condition_Chw = latents.rows(CONDITIONS if CONDITIONS in latents else FRAMES, [condition], shape)[0]
        frames_FChw = latents.rows(FRAMES, frames, shape)
        text_UW = TensorMember(file, members[TEXT]).whole(text_name(text), (planned.shape.text, form.text_width))
        return Stored(planned, frames_FChw, condition_Chw, text_UW)

    def _open(self, path: Path, shard: Shard) -> tuple[BinaryIO, LatentIndex]:
        opened = self._tars.pop(path, None)
        if opened is None:
            places = read_latent_index(path, shard)
            opened = (path.open("rb"), places)
        self._tars[path] = opened
        if len(self._tars) > _OPEN_TARS:
            self._tars.popitem(last=False)[1][0].close()
        return opened


class LatentCache:
    """The latents of a run's sources. ValueError, before the first step, where there are none for this run, they are
    those of other networks or settings, or they are not whole."""

    def __init__(
        self, indexes: Sequence[Index], rows: Sequence[np.ndarray], config: RunConfig, encoders: Encoders
    ) -> None:
        """`rows` of each index are those that the run may take."""
        facts = made_with(config, encoders)
        folders = [find_folder(root_of(source, config.data), facts) for source in config.data.sources]
        for index, folder, own in zip(indexes, folders, rows, strict=True):
            _check_whole(index, folder, own)
        form = Form(encoders.vae.config.z_dim, encoders.vae.config.stride, encoders.text.width)
        self.reader = LatentReader(indexes, folders, form)
        self._dtype = next(encoders.text.parameters()).dtype

    def encoded(self, read: Sequence[Stored], device: torch.device) -> list[Encoded]:
        """As `batches.encode` gives them, but for the rounding to bf16."""
        return [
            Encoded(
                one.planned.position,
                one.planned.recipe,
                _tensor(one.frames_FChw, device).float(),
                None if one.condition_Chw is None else _tensor(one.condition_Chw, device).float(),
                _tensor(one.text_UW, device).to(self._dtype),
            )
            for one in read
        ]


def _tensor(bits: np.ndarray, device: torch.device) -> Tensor:
    return on_device(bits, device).view(torch.bfloat16)


def _use(file: BinaryIO, member: Member, planned: Planned, key: str) -> tuple[list[int], int, int]:
    """What a recipe is made of, as KEY.json says: rows of frames, a row of conditions, the number of a text."""
    if member.size > _MOST_DESCRIBED_BYTES:
        raise ValueError(f"its {DESCRIPTION} has {member.size} bytes")
    described = _described(read_at(file, member.offset, member.size))
    wanted = plain(planned.recipe)
    try:
        if described["key"] != key:  # a tar that took another's place has the same recipes, of other pictures
            raise ValueError(f"those there are of {described['key']}; remove the tar, and make latents again")
        use = next((one for one in described["recipes"] if one["recipe"] == wanted), None)
        if use is None:
            raise ValueError("it has no latents of the recipe that is planned; make latents again")
        frames, condition, text = (use[name] for name in ("frames", "condition", "text"))
        is_sound = type(text) is int and len(frames) == planned.recipe.frames
    except (KeyError, TypeError) as error:
        raise ValueError(f"its {DESCRIPTION} does not say what its recipes are made of") from error
    if not is_sound:
        raise ValueError(f"its {DESCRIPTION} names {frames} as the {planned.recipe.frames} frames of a recipe")
    return list(frames), condition, text


def _described(data: bytes) -> Any:
    try:
        return decode_json(data)
    except ValueError as error:
        raise ValueError(f"its {DESCRIPTION} is damaged ({error}); remove the tar, and make latents again") from error


def _check_whole(index: Index, folder: Path, rows: np.ndarray) -> None:
    for number, shard in enumerate(index.shards):
        path, every = tar_path(folder, shard), index.rows_of(number)
        places = read_latent_index(path, shard)
        own = rows[(rows >= every.start) & (rows < every.stop)] - every.start
        keys = index.table["key"].slice(every.start, len(every)).take(own)
        if len(places.table) != len(every) or not places.table["key"].take(own).equals(keys):
            raise ValueError(f"{path} lacks samples of {shard.path}; remove it, and make latents again")
