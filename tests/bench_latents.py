"""What training reads and prepares a second, from pixels and from latents: `python -m tests.bench_train`."""

import json
import statistics
import tempfile
import time
from pathlib import Path

import torch

from data_pipeline.shard_io import index_tar, read_at
from tests.training.lone_rank import LONE
from tests.training.tiny_parts import SETTINGS, tiny_config, vae_run
from training import latents
from training.layered_work import LayeredWork

_STEPS, _VARIANTS = 4, 4
_RECIPES = (
    "data.resolutions=[640]", f"data.variants={_VARIANTS}", "data.pack_tokens=1048576", "data.max_text_tokens=128",
    "tasks.merge=0.1", "tasks.blanks=0.1",
)  # fmt: skip


def bench_latents(data: str, repeats: int) -> None:
    """One process and one thread; the tiny VAE and text encoder. Ways take turns."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        start, cache = vae_run(Path(folder, "vae")), Path(folder, "latents")
        began = time.perf_counter()
        _make(data, start, cache)
        print(f"latents made in {time.perf_counter() - began:.1f} s: {_told(cache)}\n")
        works = {}
        for name, settings in {"pixels": (), "latents": (f"data.latents={cache}",)}.items():
            config = tiny_config("3", Path(data), start, *_RECIPES, *settings)
            works[name] = LayeredWork(config, Path(folder), LONE)
        turns = [{name: _cost(work) for name, work in works.items()} for _ in range(repeats)]
    print("| from | reading, ms a sample | encoding and noising, ms a sample | samples/s |\n|---|---:|---:|---:|")
    for name in works:
        read, prepared = (statistics.median(turn[name][k] for turn in turns) for k in (0, 1))
        print(f"| {name} | {1e3 * read:.1f} | {1e3 * prepared:.1f} | {1 / (read + prepared):.1f} |", flush=True)


def _make(data: str, start: Path, cache: Path) -> None:
    settings = (*SETTINGS, *_RECIPES, f"data.latents={cache}")
    words = ["--stage", "3", "--data", data, "--checkpoint", str(start)]
    if latents.main([*words, *(word for setting in settings for word in ("--set", setting))]):
        raise SystemExit("no latents were made")


def _told(cache: Path) -> str:
    """How much is stored of the recipes' frames."""
    stored = frames = samples = size = 0
    for path in cache.glob("*/*.tar"):
        size += path.stat().st_size
        with path.open("rb") as file:
            for member in index_tar(file):
                if member.name.endswith(".json"):
                    uses = [use["frames"] for use in json.loads(read_at(file, member.offset, member.size))["recipes"]]
                    samples, frames = samples + 1, frames + sum(map(len, uses))
                    stored += len({row for use in uses for row in use})
    return f"{samples} samples, {frames} frames of their recipes, {stored} of them different, {size / 1e6:.1f} MB"


def _cost(work: LayeredWork) -> tuple[float, float]:
    """Seconds a sample of reading, and of preparing."""
    reader, samples, spent = work.reader(), 0, [0.0, 0.0]
    for step in range(_STEPS):
        for pack in (pack for row in work.plan(step) for pack in row):
            began = time.perf_counter()
            read = reader(pack)
            middle = time.perf_counter()
            work.prepare(read, LONE.device)
            spent[0] += middle - began
            spent[1] += time.perf_counter() - middle
            samples += len(pack)
    return spent[0] / samples, spent[1] / samples
