"""Places of a pack in, their crops out, read from shards by offset: what a worker process does for the VAE stage."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from data_pipeline.shard_io import read_at
from data_pipeline.stack_io.canonical_json import decode_json
from data_pipeline.stack_io.images import decode_image
from schemas.members import METADATA
from schemas.stack import Box
from training.configuration import VaeStage
from training.crops import cut, draw_crop, draw_noise
from training.index import Index
from training.recipes import COMPOSITE, Size
from training.storage import open_shard

_LOSSLESS = ("png", "webp")


@dataclass(frozen=True)
class Place:
    """Sample `index` of source `source`, at a `position` of the run."""

    position: int
    source: int
    index: int


@dataclass(frozen=True, eq=False)
class CropBatch:
    """`pixels` are uint8 straight RGBA [B, side, side, 4], `noise` float32 [B, z, h, w]; `pictures` as in `Crop`."""

    positions: tuple[int, ...]
    pictures: tuple[int, ...]
    pixels: np.ndarray = field(repr=False)
    noise: np.ndarray = field(repr=False)


@dataclass(frozen=True, eq=False)
class CropReader:
    """Called with a pack. It holds no network, so that it goes to a worker process cheaply.

    `latent` is the shape (z, h, w) of a crop's latents.
    """

    indexes: Sequence[Index] = field(repr=False)
    stage: VaeStage
    seed: int
    latent: tuple[int, int, int]

    def __call__(self, pack: Sequence[Place]) -> CropBatch:
        """ValueError that names the shard and the sample that cannot be read."""
        cuts = [self._cut(place) for place in pack]
        return CropBatch(
            tuple(place.position for place in pack),
            tuple(picture for picture, _ in cuts),
            np.stack([pixels for _, pixels in cuts]),
            np.stack([draw_noise(self.seed, place.position, self.latent) for place in pack]),
        )

    def name(self, place: Place) -> str:
        """How people find the sample: shard and key."""
        index = self.indexes[place.source]
        row = index.table.slice(place.index, 1).select(["shard", "key"]).to_pylist()[0]
        return f"{index.shards[row['shard']].path}:{row['key']}"

    def _cut(self, place: Place) -> tuple[int, np.ndarray]:
        index = self.indexes[place.source]
        row = index.table.slice(place.index, 1).to_pylist()[0]
        path = index.shards[row["shard"]].path
        crop = draw_crop(self.seed, place.position, row["layers"], self.stage)
        try:
            with open_shard(path) as file:
                rgba, box = _read(file, row, crop.picture)
        except (OSError, ValueError) as error:
            raise ValueError(f"{path}: sample {row['key']} cannot be read: {error}") from error
        return crop.picture, cut(rgba, box, (row["width"], row["height"]), crop, self.stage.crop_px)


def _read(file: BinaryIO, row: dict[str, Any], picture: int) -> tuple[np.ndarray, Box]:
    """uint8 straight RGBA of the composite, or of a layer by its index, and its box."""
    canvas: Box = (0, 0, row["width"], row["height"])
    if not row["layers"]:
        return _flat(file, row["members"][0], (row["width"], row["height"])), canvas
    box = canvas if picture == COMPOSITE else _layer_box(file, row, picture)
    member = row["members"][picture + 1]  # the composite lies first
    data = read_at(file, member["offset"], member["bytes"])
    return decode_image(data, member["name"].rpartition(".")[2], box[2] - box[0], box[3] - box[1]), box


def _layer_box(file: BinaryIO, row: dict[str, Any], layer: int) -> Box:
    member = next(one for one in row["members"] if one["name"] == METADATA)
    left, top, right, bottom = decode_json(read_at(file, member["offset"], member["bytes"]))["layers"][layer]["box"]
    if not (0 <= left < right <= row["width"] and 0 <= top < bottom <= row["height"]):
        raise ValueError(f"the box {[left, top, right, bottom]} of layer {layer} leaves the canvas")
    return left, top, right, bottom


def _flat(file: BinaryIO, member: dict[str, Any], size: Size) -> np.ndarray:
    """A picture of an image-text shard, whose size the index knows; checked before it is decoded."""
    data = read_at(file, member["offset"], member["bytes"])
    suffix = member["name"].lower()
    if suffix in _LOSSLESS:
        return decode_image(data, suffix, *size)
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            if image.size != size:
                raise ValueError(f"the picture is {image.width}x{image.height} px, not {size[0]}x{size[1]}")
            return np.asarray(image.convert("RGBA"))
    except (OSError, SyntaxError, UnidentifiedImageError) as error:
        raise ValueError(f"the picture cannot be decoded: {error}") from error
