"""Packs of recipes in, their pixels and prompts out, read from shards by offset."""

import json
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, BinaryIO

import numpy as np

from data_pipeline.shard_io import Member, read_at
from data_pipeline.stack_io.canonical_json import decode_json
from data_pipeline.stack_io.images import decode_image
from schemas.members import COMPOSITE, METADATA
from schemas.stack import PlainLayer
from training.captions import captions_in, captions_of
from training.index import FLAT, Index, SampleFacts
from training.painting import frames_shape, paint_layers, paint_picture
from training.picture_file import decode_picture
from training.prompts import prompt_of
from training.recipes import COMPOSITE as WHOLE
from training.recipes import Planned, Recipe
from training.storage import Shard, open_shard, stat_shard

_OPEN_SHARDS = 32  # at a time, in a process
_GAP_BYTES = 1 << 12  # between members that are read at once


@dataclass(frozen=True, eq=False)
class Example:
    """`frames` are uint8 straight RGBA [F, H, W, 4], RGB 0 where alpha is 0, in the recipe's order: what is predicted.

    Frame 0 of a layered task is the blend of the others within 1/255; where a condition is given, it is that picture.
    """

    planned: Planned
    frames: np.ndarray = field(repr=False)
    prompt: str


class Reader:
    """Reads packs of the samples of some sources. It travels to a worker process without the shards it has open.

    Frames of a pack lie one behind another in what `room` gives for so many bytes.
    """

    def __init__(self, sources: Sequence[Index]) -> None:
        self._sources = tuple(sources)
        self._shards = OrderedDict[str, BinaryIO]()
        self.room: Callable[[int], np.ndarray] = _own_room

    def __reduce__(self) -> tuple[type["Reader"], tuple[Sequence[Index]]]:
        return Reader, (self._sources,)

    def __call__(self, pack: Sequence[Planned]) -> list[Example]:
        """ValueError that names the shard and the sample that cannot be read."""
        shapes = [frames_shape(planned.recipe) for planned in pack]
        edges = [0, *accumulate(map(math.prod, shapes))]
        memory = self.room(edges[-1])
        examples = []
        for planned, shape, (start, end) in zip(pack, shapes, pairwise(edges), strict=True):
            frames = memory[start:end].reshape(shape)
            examples.append(
                Example(planned, frames, self._paint(planned.source, planned.index, planned.recipe, frames))
            )
        return examples

    def example(self, planned: Planned) -> Example:
        """Of one sample."""
        return self([planned])[0]

    def painted(self, source: int, row: int, recipe: Recipe) -> tuple[np.ndarray, str]:
        """Frames and prompt of a recipe that is in no plan."""
        frames = np.empty(frames_shape(recipe), np.uint8)
        return frames, self._paint(source, row, recipe, frames)

    def _paint(self, source: int, row: int, recipe: Recipe, frames: np.ndarray) -> str:
        """Fills the frames; the prompt."""
        index = self._sources[source]
        members, shard = index.members(row), index.shard(row)
        try:
            file = self._open(shard)
        except (ValueError, OSError) as error:
            raise ValueError(f"{shard.path}, sample {index.facts(row).key}: {error}") from error
        return paint(index, row, recipe, frames, lambda names: _read(file, members, names))

    def _open(self, shard: Shard) -> BinaryIO:
        file = self._shards.pop(shard.path, None) or opened(shard)
        self._shards[shard.path] = file
        if len(self._shards) > _OPEN_SHARDS:
            self._shards.popitem(last=False)[1].close()
        return file


def _own_room(size: int) -> np.ndarray:
    return np.empty(size, np.uint8)


_Read = Callable[[Sequence[str]], Mapping[str, bytes]]


def paint(index: Index, row: int, recipe: Recipe, frames: np.ndarray, read: _Read) -> str:
    """Fills a sample's frames, of `frames_shape(recipe)`; the prompt. `read` gives the content of members by name.

    ValueError that names the shard and the sample that cannot be decoded.
    """
    facts = index.facts(row)
    way = _flat if facts.kind == FLAT else _layered if recipe.task.is_layered else _single
    try:
        return way(facts, index.members(row), recipe, frames, read)
    except (ValueError, OSError) as error:
        left_out = f"data.skip=[{json.dumps(facts.key)}] leaves it out"
        raise ValueError(f"{index.shard(row).path}, sample {facts.key}: {error}; {left_out}") from error


def _read(file: BinaryIO, members: Mapping[str, Member], names: Sequence[str]) -> dict[str, bytes]:
    """Members of a sample. Those that lie one behind another are read at once."""
    contents = dict[str, bytes]()
    for run in _runs([members[name] for name in names]):
        start = run[0].offset
        data = read_at(file, start, run[-1].offset + run[-1].size - start)
        for member in run:
            contents[member.name] = data[member.offset - start : member.offset - start + member.size]
    return contents


def _layered(facts: SampleFacts, members: Mapping[str, Member], recipe: Recipe, frames: np.ndarray, read: _Read) -> str:
    """The stored composite is not read: its frame is blended of the layers' frames."""
    pictures = [name for name in members if name.startswith("layer_")]
    contents = read([*pictures, METADATA])
    metadata = _metadata(facts, contents)
    layers = (_layer(described, contents) for described in metadata["layers"])
    paint_layers(layers, (facts.width, facts.height), recipe, frames)
    return prompt_of(recipe, captions_of(metadata), metadata)


def _single(facts: SampleFacts, members: Mapping[str, Member], recipe: Recipe, frames: np.ndarray, read: _Read) -> str:
    """The composite or a layer, on its canvas."""
    prefix = COMPOSITE if recipe.picture == WHOLE else f"layer_{recipe.picture:02d}"
    name = next(name for name in members if name.startswith(f"{prefix}."))
    contents = read([name, METADATA])
    metadata = _metadata(facts, contents)
    canvas = (facts.width, facts.height)
    if recipe.picture == WHOLE:
        rgba = decode_image(contents[name], name.rpartition(".")[2], *canvas)
        picture = PlainLayer((0, 0, *canvas), rgba)
    else:
        picture = _layer(metadata["layers"][recipe.picture], contents)
    paint_picture(picture, canvas, recipe, frames)
    return prompt_of(recipe, captions_of(metadata), metadata)


def _flat(facts: SampleFacts, members: Mapping[str, Member], recipe: Recipe, frames: np.ndarray, read: _Read) -> str:
    """A picture without layers, and its caption if it has one."""
    contents = read(list(members))
    name, *captioned = members
    canvas = (facts.width, facts.height)
    rgba = decode_picture(contents[name], canvas)
    rgba = np.where(rgba[..., 3:] == 0, np.uint8(0), rgba)
    captions = [one for caption in captioned for one in captions_in(contents[caption])]
    paint_picture(PlainLayer((0, 0, *canvas), rgba), canvas, recipe, frames)
    return prompt_of(recipe, captions, {})


def _metadata(facts: SampleFacts, contents: Mapping[str, bytes]) -> dict[str, Any]:
    """KEY.json, which was held against its schema when it was indexed."""
    metadata = decode_json(contents[METADATA])
    if not isinstance(metadata, dict) or metadata.get("key") != facts.key:
        raise ValueError("its KEY.json is another's: the shard has changed since it was indexed")
    return metadata


def _layer(described: Mapping[str, Any], contents: Mapping[str, bytes]) -> PlainLayer:
    left, top, right, bottom = described["box"]
    name = described["file"]
    rgba = decode_image(contents[name], name.rpartition(".")[2], right - left, bottom - top)
    return PlainLayer((left, top, right, bottom), rgba)


def opened(shard: Shard) -> BinaryIO:
    """For reading. ValueError where it is no longer what was indexed."""
    if stat_shard(shard.path) != shard:
        raise ValueError("the shard has changed since it was indexed")
    return open_shard(shard.path)


def _runs(members: Sequence[Member]) -> list[list[Member]]:
    """Members that lie near one another, in the order of their offsets."""
    runs: list[list[Member]] = []
    for member in sorted(members, key=lambda member: member.offset):
        if runs and member.offset - runs[-1][-1].offset - runs[-1][-1].size <= _GAP_BYTES:
            runs[-1].append(member)
        else:
            runs.append([member])
    return runs
