"""The whole job, as a user runs it, on drawn PSDs in; Markdown out: two workers against one, memory, re-runs.

    python -m tests.bench_job [--only workers|memory|rerun] [--documents N] [--inputs N] [--folder KEEP]

It needs the machine to itself. `--folder` keeps what was drawn, to be used again.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from data_pipeline.compose import compose
from data_pipeline.drawing import Pixels, draw, draw_many
from schemas.stack import PlainLayer, Stack
from tests.process_memory import run_measured

_ROOT = Path(__file__).parents[1]
_GB = 10**9
_MEMORY_CANVAS = (6000, 4000)
_FULL, _QUARTERS = 10, 50
_TEMPLATE_SIDE_PX = 64


def job(source: Path, output: Path, workers: int) -> list[str]:
    options = ("--input", source, "--output", output, "--workers", workers)
    return [sys.executable, "-m", "beam_jobs.shards", *map(str, options)]


def seconds_of(command: Sequence[str]) -> float:
    started = time.monotonic()
    subprocess.run(command, cwd=_ROOT, check=True, capture_output=True)
    return time.monotonic() - started


def statuses(output: Path) -> str:
    """`12 accepted, 3 unfaithful`."""
    rows = pq.read_table(output / "tables" / "documents", columns=["reason"]).to_pylist()
    reasons = [row["reason"] or "accepted" for row in rows]
    return ", ".join(f"{reasons.count(reason):,} {reason}" for reason in sorted(set(reasons)))


def digest(output: Path) -> str:
    """Of all shards, to prove that a change changed nothing."""
    total = hashlib.sha256()
    for path in sorted((output / "shards").glob("*.tar")):
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def bench_workers(folder: Path, count: int) -> Iterator[str]:
    """Two workers against one on drawn designs."""
    source = _drawn(folder / f"designs-{count}", lambda target: _exhaust(draw_many(target, count, seed=7)))
    yield f"### {count} drawn documents"
    yield ""
    yield "| workers | s | documents/s | against one |"
    yield "|---|---|---|---|"
    first_s = 0.0
    digests = set()
    for workers in (1, 2):
        with tempfile.TemporaryDirectory(dir=folder) as output:
            seconds = seconds_of(job(source, Path(output) / "out", workers))
            digests.add(digest(Path(output) / "out"))
            found = statuses(Path(output) / "out")
        first_s = first_s or seconds
        yield f"| {workers} | {seconds:.1f} | {count / seconds:.1f} | {first_s / seconds:.2f}x |"
    yield ""
    yield f"{found}; the shards are {'the same' if len(digests) == 1 else 'NOT the same'}."


def bench_memory(folder: Path) -> Iterator[str]:
    """The peak of one huge document."""
    source = _drawn(folder / "huge", draw_huge)
    raw = 4 * _MEMORY_CANVAS[0] * _MEMORY_CANVAS[1] * (_FULL + _QUARTERS / 4)
    size = sum(path.stat().st_size for path in source.iterdir())
    with tempfile.TemporaryDirectory(dir=folder) as output:
        usage = run_measured(job(source, Path(output) / "out", 1), _ROOT)
        found, shards = statuses(Path(output) / "out"), digest(Path(output) / "out")
    width, height = _MEMORY_CANVAS
    yield f"### {width} x {height} px, {_FULL} full layers and {_QUARTERS} that cover a quarter"
    yield ""
    yield "| raw | file | s | peak of the child | peak of all processes |"
    yield "|---|---|---|---|---|"
    sizes = (raw, size, usage.largest_bytes, usage.together_bytes)
    raw_gb, file_gb, child_gb, all_gb = (f"{value / _GB:.2f} GB" for value in sizes)
    yield f"| {raw_gb} | {file_gb} | {usage.seconds:.1f} | {child_gb} | {all_gb} |"
    yield ""
    yield f"{found}; shards {shards}."


def bench_rerun(folder: Path, count: int) -> Iterator[str]:
    """A run, and the same again."""
    source = _drawn(folder / f"small-{count}", lambda target: draw_small(target, count))
    yield f"### {count:,} drawn inputs of {_TEMPLATE_SIDE_PX} px"
    yield ""
    yield "| run | s |"
    yield "|---|---|"
    with tempfile.TemporaryDirectory(dir=folder) as output:
        for name in ("first", "again"):
            yield f"| {name} | {seconds_of(job(source, Path(output) / 'out', 2)):.1f} |"
        yield ""
        yield f"{statuses(Path(output) / 'out')}."


def draw_huge(folder: Path) -> None:
    """No more than 20 layers overlap on any pixel: quarters in one corner are stripes that take turns."""
    width, height = _MEMORY_CANVAS
    layers = [Pixels(name=f"full {k}", rgba=_full(k, width, height)) for k in range(_FULL)]
    for k in range(_QUARTERS):
        place = {"left": k % 2 * width // 2, "top": k // 2 % 2 * height // 2}
        layers.append(Pixels(name=f"quarter {k}", rgba=_stripes(k, width // 2, height // 2), **place))
    plain = [
        PlainLayer((p.left, p.top, p.left + p.rgba.shape[1], p.top + p.rgba.shape[0]), p.rgba)
        for p in layers
        if p.rgba is not None
    ]
    draw(folder / "huge.psd", width, height, layers, stored=compose(Stack(width, height, tuple(plain))))


def _full(seed: int, width: int, height: int) -> np.ndarray:
    """An opaque ground first; then clouds, half transparent, that PackBits cannot shrink much."""
    rng = np.random.default_rng((11, seed))
    rgba = np.empty((height, width, 4), np.uint8)
    coarse = rng.integers(0, 200, (height // 40, width // 40, 3), dtype=np.uint8)
    rgba[..., :3] = coarse.repeat(40, 0).repeat(40, 1)
    if seed % 5 == 0:  # grain, as in a photo
        rgba[..., :3] += rng.integers(0, 50, (height, width, 1), dtype=np.uint8)
    rgba[..., 3] = 255 if seed == 0 else rng.integers(30, 120)
    return rgba


def _stripes(seed: int, width: int, height: int) -> np.ndarray:
    rng = np.random.default_rng((12, seed))
    rgba = np.zeros((height, width, 4), np.uint8)
    phase = seed // 4 % 2  # two layers of a corner share no pixel
    inked = (np.arange(height) // 50 % 2 == phase)[:, np.newaxis] & np.ones(width, bool)
    ramp = np.arange(width, dtype=np.uint32)[np.newaxis, :, np.newaxis] * rng.integers(1, 255, 3).astype(np.uint32)
    rgba[..., :3] = (ramp // width).astype(np.uint8)
    rgba[..., 3] = rng.integers(60, 200)
    rgba[~inked] = 0
    return rgba


def draw_small(folder: Path, count: int) -> None:
    """One document drawn once; every copy gets a mark of its own, in a layer and in the stored image."""
    side = _TEMPLATE_SIDE_PX
    for index in range(count):
        mark = np.full((8, 8, 4), 255, np.uint8)
        mark[..., :3] = (index & 255, index >> 8 & 255, 77)
        ground = np.full((side, side, 4), 255, np.uint8)
        ground[..., 1] = index % 251
        stored = ground.copy()
        stored[20:28, 20:28] = mark
        layers = [Pixels(name="ground", rgba=ground), Pixels(name="mark", rgba=mark, left=20, top=20)]
        draw(folder / f"small-{index:05d}.psd", side, side, layers, stored=stored)


def _drawn(folder: Path, draw_into: Callable[[Path], object]) -> Path:
    """A folder that was drawn to its end, now or earlier."""
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        unfinished.mkdir(parents=True, exist_ok=True)
        draw_into(unfinished)
        unfinished.rename(folder)
    return folder


def _exhaust(paths: Iterator[Path]) -> None:
    for _ in paths:
        pass


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench_job", description="Measures the whole job.")
    parser.add_argument("--only", choices=("workers", "memory", "rerun"), action="append", help="parts; default all")
    parser.add_argument("--documents", type=int, default=600, help="drawn designs for workers; default 600")
    parser.add_argument("--inputs", type=int, default=10_000, help="small PSDs for rerun; default 10000")
    parser.add_argument("--folder", type=Path, help="keeps what was drawn; default a temporary one")
    options = parser.parse_args(arguments)
    parts: dict[str, Callable[[Path], Iterator[str]]] = {
        "workers": lambda folder: bench_workers(folder, options.documents),
        "memory": bench_memory,
        "rerun": lambda folder: bench_rerun(folder, options.inputs),
    }
    with tempfile.TemporaryDirectory(prefix="lamina-bench-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.only or parts:
            for line in parts[name](folder):
                print(line, flush=True)
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
