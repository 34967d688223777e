"""A sample's facts in, what is made of it at a position of the run out: drawn from the seed and the position alone.

A layer is never paired with the composite's caption. Captions in which quality control found a fault are not used.
"""

import hashlib
from itertools import pairwise

import numpy as np

from model.buckets import bucket
from model.packing import SampleShape
from training.configuration import RunConfig
from training.data_options import Data, Tasks
from training.index import FLAT, LAYERED, SampleFacts
from training.recipes import COMPOSITE, Recipe, Task

_STREAM = 1 << 16  # of random numbers; those of `order` lie below
_VARIANTS = 5 << 16  # another
_LEAST_RUNS = 2
SKIPPED = "named in data.skip"  # a reason why a sample is left out


def draw(facts: SampleFacts, tasks: Tasks, data: Data, seed: int, position: int) -> Recipe:
    """ValueError for a sample that `unusable` gives a reason for."""
    return _drawn(facts, tasks, data, (seed, _STREAM, position))


def variant(facts: SampleFacts, tasks: Tasks, data: Data, number: int) -> Recipe:
    """One of the `data.variants` recipes of a sample: of its key and the number alone, so that runs of any seed, and
    of any sources, share what was encoded once."""
    key = int.from_bytes(hashlib.sha256(facts.key.encode()).digest()[:8], "big")
    return _drawn(facts, tasks, data, (_VARIANTS, key, number))


def _drawn(facts: SampleFacts, tasks: Tasks, data: Data, entropy: tuple[int, ...]) -> Recipe:
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))
    able = served(facts, tasks, data)
    if not able:
        raise ValueError(f"sample {facts.key} serves none of the tasks {', '.join(_weighted(tasks))}")
    shares = np.cumsum([tasks.weights[task] for task in able])
    task = able[int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))]
    picture = COMPOSITE if task.is_layered else _picture(facts, tasks, rng)
    caption = _caption(facts, picture, tasks, rng)
    colour = tuple(rng.integers(0, 256, 3).tolist())
    size = frame_size(facts.width, facts.height, data)
    is_laid = not facts.opaque if task.is_layered else task is Task.TEXT_TO_RGB
    ground = (colour[0], colour[1], colour[2]) if is_laid else None
    if not task.is_layered:
        return Recipe(task, size, caption, picture, ground=ground)
    room = data.max_layers - is_laid  # for the ground
    groups = _groups(facts.layers, room, tasks.merge, rng)
    blanks = _blanks(room - len(groups), tasks, rng)
    texts = tasks.text_order if rng.random() < tasks.hidden_text and caption is not None else None
    return Recipe(task, size, caption, groups=groups, blanks=blanks, ground=ground, texts=texts)


def shape_of(recipe: Recipe, facts: SampleFacts, token_px: int) -> SampleShape:
    """What it takes of a model whose tokens are `token_px` a side."""
    width, height = recipe.size
    grid = (height // token_px, width // token_px)
    condition = grid if recipe.task is Task.IMAGE_TO_LAYERS else None
    return SampleShape((grid,) * recipe.frames, facts.text_tokens(recipe.caption, recipe.texts), condition)


def unusable(facts: SampleFacts, config: RunConfig) -> str | None:
    """Why no task of a run can use the sample, in words that count samples alike; None for one that can be drawn."""
    if facts.key in config.data.skip:
        return SKIPPED
    try:
        frame_size(facts.width, facts.height, config.data)
    except ValueError:
        return "too long and thin"
    lacks = [_lacks(task, facts, config.tasks, config.data) for task in _weighted(config.tasks)]
    return None if None in lacks else "; ".join(dict.fromkeys(reason for reason in lacks if reason is not None))


def served(facts: SampleFacts, tasks: Tasks, data: Data) -> list[Task]:
    """The tasks that can use the sample."""
    return [task for task in _weighted(tasks) if _lacks(task, facts, tasks, data) is None]


def most_grids(task: Task, facts: SampleFacts, tasks: Tasks, data: Data) -> int:
    """Frames, the condition among them, of the largest recipe that a task may draw of the sample."""
    if not task.is_layered:
        return 1
    room = data.max_layers - (not facts.opaque)
    groups = min(facts.layers, room)
    blanks = min(tasks.most_blanks, room - groups) if tasks.blanks > 0 else 0
    return 1 + (not facts.opaque) + groups + blanks + (task is Task.IMAGE_TO_LAYERS)


def frame_size(width: int, height: int, data: Data) -> tuple[int, int]:
    """(width, height) of frames: of the largest resolution that a sample's own area reaches, or of the smallest.

    ValueError for a sample that is too long and thin.
    """
    reached = [side for side in data.resolutions if side * side <= width * height]
    return bucket(width, height, max(reached) if reached else min(data.resolutions))


def _weighted(tasks: Tasks) -> list[Task]:
    return [task for task in Task if tasks.weights.get(task, 0) > 0]


def _lacks(task: Task, facts: SampleFacts, tasks: Tasks, data: Data) -> str | None:
    """What a task would need that the sample has not."""
    if task.is_layered and facts.kind != LAYERED:
        return "no layers" if facts.kind == FLAT else "a single layer"
    if task.is_layered and facts.layers > data.max_layers:
        return f"more than {data.max_layers} layers"
    if task is Task.IMAGE_TO_LAYERS or _captions(facts, COMPOSITE, tasks):
        return None
    if not task.is_layered and _captioned_layers(facts, tasks):
        return None
    if not any(caption.layer == COMPOSITE for caption in facts.captions):
        return "no caption"
    spoken = f" in {', '.join(tasks.languages)}" if tasks.languages else ""
    return f"no caption without fault{spoken}"


def _captions(facts: SampleFacts, picture: int, tasks: Tasks) -> list[int]:
    """Which of its captions a picture may be called by. One of unknown language may be of any."""
    return [
        index
        for index, caption in enumerate(facts.captions)
        if caption.layer == picture
        and not caption.flags
        and (not tasks.languages or caption.language in ("", *tasks.languages))
    ]


def _captioned_layers(facts: SampleFacts, tasks: Tasks) -> list[int]:
    if not tasks.layer_pictures:
        return []
    own = {caption.layer for caption in facts.captions} - {COMPOSITE}
    return sorted(layer for layer in own if _captions(facts, layer, tasks))


def _picture(facts: SampleFacts, tasks: Tasks, rng: np.random.Generator) -> int:
    layers = _captioned_layers(facts, tasks)
    chosen = rng.random() < tasks.layer_pictures
    if layers and (chosen or not _captions(facts, COMPOSITE, tasks)):
        return int(rng.choice(layers))
    return COMPOSITE


def _caption(facts: SampleFacts, picture: int, tasks: Tasks, rng: np.random.Generator) -> int | None:
    captions = _captions(facts, picture, tasks)
    if rng.random() < tasks.caption_dropout or not captions:
        return None
    return int(rng.choice(captions))


def _groups(layers: int, room: int, merge: float, rng: np.random.Generator) -> tuple[tuple[int, int], ...]:
    """Every layer in one run of neighbours; fewer runs than layers by chance, or where there is no room for the ground.

    Two layers stay two: what is merged into one has nothing to decompose.
    """
    runs = layers
    if rng.random() < merge and layers > _LEAST_RUNS:
        runs = int(rng.integers(_LEAST_RUNS, layers))
    cuts = np.sort(rng.permutation(layers - 1)[: min(runs, room) - 1]) + 1
    edges = [0, *cuts.tolist(), layers]
    return tuple(pairwise(edges))


def _blanks(room: int, tasks: Tasks, rng: np.random.Generator) -> int:
    most = min(tasks.most_blanks, room)
    if rng.random() < tasks.blanks and most > 0:
        return int(rng.integers(1, most + 1))
    return 0
