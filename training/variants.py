"""A sample in, the pixels of all its recipes out, each different picture and each different text once.

Recipes of a sample share most of their frames: the layers that are not merged, the blanks, a composite on one ground.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from training.data import paint
from training.data_options import Data, Tasks
from training.index import Index, SampleFacts
from training.painting import frames_shape
from training.recipes import Recipe
from training.shard_stream import RawSample
from training.tasks import variant


@dataclass(frozen=True, eq=False)
class Variants:
    """Parallel: `recipes`, their `frames` as rows of `frames_KHW4`, uint8 straight RGBA, and their `texts` as places in
    `prompts`."""

    key: str
    recipes: tuple[Recipe, ...]
    frames: tuple[tuple[int, ...], ...]
    texts: tuple[int, ...]
    prompts: tuple[str, ...]
    frames_KHW4: np.ndarray = field(repr=False)


class VariantPainter:
    """Called with a sample. It holds no network, so that it goes to a worker process cheaply."""

    def __init__(self, indexes: Sequence[Index], tasks: Tasks, data: Data) -> None:
        self._indexes, self._tasks, self._data = tuple(indexes), tasks, data

    def __call__(self, sample: RawSample) -> Variants:
        """ValueError that names the shard and the sample that cannot be decoded."""
        index = self._indexes[sample.source]
        facts = index.facts(sample.row)
        recipes = recipes_of(facts, self._tasks, self._data)
        pictures, prompts = dict[bytes, np.ndarray](), dict[str, int]()
        frames, texts = [], []
        for recipe in recipes:
            painted = np.empty(frames_shape(recipe), np.uint8)
            prompt = paint(index, sample.row, recipe, painted, lambda names: sample.contents)
            names = [hashlib.sha256(frame.data).digest() for frame in painted]
            for name, frame in zip(names, painted, strict=True):
                if name not in pictures:
                    pictures[name] = frame.copy()  # so that the others' memory is let go
            frames.append(names)
            texts.append(prompts.setdefault(prompt, len(prompts)))
        number = {name: place for place, name in enumerate(pictures)}
        return Variants(
            facts.key,
            recipes,
            tuple(tuple(number[name] for name in names) for names in frames),
            tuple(texts),
            tuple(prompts),
            np.stack(list(pictures.values())),
        )


def recipes_of(facts: SampleFacts, tasks: Tasks, data: Data) -> tuple[Recipe, ...]:
    """The different ones, by their numbers."""
    return tuple(dict.fromkeys(variant(facts, tasks, data, number) for number in range(data.variants)))
