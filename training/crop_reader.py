"""Places of a pack in, their crops out, read from shards by offset: what a worker process does for the VAE stage."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from training.configuration import VaeStage
from training.crops import cut, draw_crop
from training.data import Reader
from training.index import Index
from training.places import Place
from training.recipes import Recipe, Task


@dataclass(frozen=True, eq=False)
class CropBatch:
    """`pixels` are uint8 straight RGBA [B, side, side, 4]; `pictures` as in `Crop`."""

    positions: tuple[int, ...]
    pictures: tuple[int, ...]
    pixels: np.ndarray = field(repr=False)


class CropReader:
    """Called with a pack. It holds no network, so that it goes to a worker process cheaply."""

    def __init__(self, indexes: Sequence[Index], stage: VaeStage, seed: int) -> None:
        self._indexes, self._stage, self._seed = tuple(indexes), stage, seed
        self._reader = Reader(self._indexes)

    def __call__(self, pack: Sequence[Place]) -> CropBatch:
        """ValueError that names the shard and the sample that cannot be read."""
        cuts = [self._cut(place) for place in pack]
        return CropBatch(
            tuple(place.position for place in pack),
            tuple(picture for picture, _ in cuts),
            np.stack([pixels for _, pixels in cuts]),
        )

    def _cut(self, place: Place) -> tuple[int, np.ndarray]:
        facts = self._indexes[place.source].facts(place.index)
        crop = draw_crop(self._seed, place.position, facts.layers, self._stage)
        recipe = Recipe(Task.TEXT_TO_RGBA, (facts.width, facts.height), None, crop.picture)
        frames, _ = self._reader.painted(place.source, place.index, recipe)
        return crop.picture, cut(frames[0], crop, self._stage.crop_px)
