"""What the loader gives beside the bare cost of decoding, in as many processes: `python -m tests.bench_train`."""

import io
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data_pipeline.shard_io import read_at
from data_pipeline.stack_io.canonical_json import decode_json
from training.configuration import RunConfig
from training.data import Reader
from training.data_options import Data, Tasks
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
_SAMPLES, _PACK = 240, 4
Packs = Sequence[Sequence[Planned]]


class Decoder:
    """Decodes the pictures that a reader would need, as anybody would with Pillow, and drops them."""

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
                    with Image.open(io.BytesIO(data)) as picture:
                        rgba = np.asarray(picture.convert("RGBA"))
                    assert rgba.shape == (bottom - top, right - left, 4)
                    pixels += rgba.size // 4
        return pixels


def bench_loader(data: str, repeats: int) -> None:
    """Ways take turns, so that a change of the machine's pace meets all. CPU is of all processes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "index.arrow")
        write_index(build_index(find_shards(data, "train"), _WORDS), path)
        index = read_index(path, _WORDS.tokenizer)
        print("| recipes at 640 px, workers | | samples/s | CPU ms a sample |\n|---|---|---:|---:|")
        for what, tasks in _TASKS.items():
            packs = _packs(index, tasks, Data(resolutions=(640,)), _SAMPLES)
            for workers in (1, 2):
                _compare(f"{what}, {workers}", index, packs, workers, repeats)


def _compare(what: str, index: Index, packs: Packs, workers: int, repeats: int) -> None:
    decoder, reader = Decoder(index), Reader([index])
    ways: dict[str, Callable[[], Iterator[Any]]] = {
        "decoding alone, in a pool of processes": lambda: _pooled(decoder, packs, workers),
        "decoding alone, in the loader": lambda: _loaded(decoder, packs, workers),
        "the loader": lambda: _loaded(reader, packs, workers),
    }
    turns = [{name: _cost(way(), workers, len(packs)) for name, way in ways.items()} for _ in range(repeats)]
    for name in ways:
        clock, cpu = (statistics.median(turn[name][k] for turn in turns) for k in (0, 1))
        print(f"| {what} | {name} | {1 / clock:.1f} | {1e3 * cpu:.1f} |", flush=True)
    for name in list(ways)[:2]:
        shares = [[turn[name][k] / turn["the loader"][k] for turn in turns] for k in (0, 1)]
        clock, cpu = map(statistics.median, shares)
        print(f"| {what} | **share of {name}** | **{clock:.0%}** | **{cpu:.0%}** |", flush=True)


def _loaded(read: Callable[[Any], Any], packs: Packs, workers: int) -> Iterator[Any]:
    with Loader(read, [*packs[:workers], *packs], workers, 2) as loader:
        yield from loader


def _pooled(read: Callable[[Any], Any], packs: Packs, workers: int) -> Iterator[Any]:
    with ProcessPoolExecutor(workers, multiprocessing.get_context("forkserver")) as pool:
        yield from pool.map(read, [*packs[:workers], *packs])


def _cost(results: Iterator[Any], workers: int, packs: int) -> tuple[float, float]:
    """Seconds a sample by the clock, and of all processes' CPU; of processes that have started."""
    for _ in range(workers):
        next(results)
    start, spent = time.perf_counter(), _cpu_s()
    for k, result in enumerate(results, start=1):
        del result
        if k == packs:
            took = time.perf_counter() - start, _cpu_s() - spent  # before the processes end
    return took[0] / packs / _PACK, took[1] / packs / _PACK


def _cpu_s() -> float:
    """Of this process and its workers."""
    workers = [f"/proc/{process.pid}/schedstat" for process in multiprocessing.active_children()]
    return time.process_time() + sum(int(Path(path).read_text().split()[0]) for path in workers) / 1e9


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
