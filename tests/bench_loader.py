"""What the loader gives beside the bare cost of decoding, in as many processes: `python -m tests.bench_train`."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from data_pipeline.shard_io import read_at
from data_pipeline.stack_io.canonical_json import decode_json
from data_pipeline.stack_io.images import decode_image
from training.configuration import Data, RunConfig, Tasks
from training.data import Reader
from training.index import Counting, Index, read_index, write_index
from training.indexing import build_index
from training.loader import Loader
from training.recipes import COMPOSITE, Planned, Task
from training.storage import find_shards, open_shard
from training.tasks import draw, shape_of, unusable

_WORDS = Counting("words", lambda text: 1 + len(text.split()))
_TASKS = {
    "image to layers": Tasks({Task.IMAGE_TO_LAYERS: 1.0}, merge=0.1, blanks=0.1),
    "text to RGB and RGBA": Tasks({Task.TEXT_TO_RGB: 1.0, Task.TEXT_TO_RGBA: 1.0}),
}
_PACK = 4  # samples


class Decoder:
    """Decodes the pictures that a reader would need, and drops them."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def __call__(self, pack: Sequence[Planned]) -> int:
        return sum(self._decoded(planned) for planned in pack)

    def _decoded(self, planned: Planned) -> int:
        """Pixels."""
        recipe, members = planned.recipe, self._index.members(planned.index)
        facts, pixels = self._index.facts(planned.index), 0
        wanted = "layer_" if recipe.task.is_layered else "composite"
        if recipe.picture != COMPOSITE:
            wanted = f"layer_{recipe.picture:02d}"
        with open_shard(self._index.shard(planned.index).path) as file:
            metadata = decode_json(read_at(file, members["json"].offset, members["json"].size))
            boxes = {layer["file"]: layer["box"] for layer in metadata["layers"]}
            for name, member in members.items():
                if name.startswith(wanted):
                    left, top, right, bottom = boxes.get(name, (0, 0, facts.width, facts.height))
                    data = read_at(file, member.offset, member.size)
                    pixels += decode_image(data, name.rpartition(".")[2], right - left, bottom - top).shape[0]
        return pixels


def bench_loader(data: str, repeats: int) -> None:
    """Ratios are of pairs that follow one another, so that a change of the machine's pace meets both."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "index.arrow")
        write_index(build_index(find_shards(data, "train"), _WORDS), path)
        index = read_index(path, _WORDS.tokenizer)
        print("| recipes | px | workers | decoding alone, samples/s | loader, samples/s | share |")
        print("|---|---:|---:|---:|---:|---:|")
        for what, tasks in _TASKS.items():
            for resolution in (640, 1024):
                packs = _packs(index, tasks, Data(resolutions=(resolution,)), 160)
                for workers in (1, 2):
                    _row(f"{what} | {resolution} | {workers}", index, packs, workers, repeats)


def _row(what: str, index: Index, packs: Sequence[Sequence[Planned]], workers: int, repeats: int) -> None:
    samples = sum(map(len, packs))
    pairs = [(_rate(Decoder(index), packs, workers), _rate(Reader([index]), packs, workers)) for _ in range(repeats)]
    bare, whole = (statistics.median(rates) * samples for rates in zip(*pairs, strict=True))
    share = statistics.median(second / first for first, second in pairs)
    print(f"| {what} | {bare:.1f} | {whole:.1f} | {share:.0%} |", flush=True)


def _rate(read: Callable[[Any], Any], packs: Sequence[Sequence[Planned]], workers: int) -> float:
    """Rounds through all packs a second, of processes that have started."""
    with Loader(read, [*packs[:workers], *packs], workers, 2) as loader:
        for _ in range(workers):
            next(loader)
        start = time.perf_counter()
        for result in loader:
            del result
        return 1 / (time.perf_counter() - start)


def _packs(index: Index, tasks: Tasks, data: Data, samples: int) -> list[tuple[Planned, ...]]:
    rows = _usable(index, RunConfig(tasks=tasks, data=data))
    planned = []
    for position in range(samples):
        row = next(rows)
        facts = index.facts(row)
        recipe = draw(facts, tasks, data, 0, position)
        planned.append(Planned(position, 0, row, recipe, shape_of(recipe, facts, 16)))
    return [tuple(planned[start : start + _PACK]) for start in range(0, samples, _PACK)]


def _usable(index: Index, config: RunConfig) -> Iterator[int]:
    rows = [row for row in range(len(index)) if unusable(index.facts(row), config) is None]
    while True:
        yield from rows
