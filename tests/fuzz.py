"""Broken PSDs through the real job, beside sound neighbours; what it made of them out.

    python -m tests.fuzz --count N --seed SEED [--workers W] [--folder KEEP]

Exit status: 0 every promise held; 1 some did not: the files that broke them are kept in KEEP.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from data_pipeline.shard_io import index_tar, read_at
from schemas.reasons import Reason
from tests.fuzz_pool import drawn_originals, neighbours, real_originals
from tests.mutations import Original, mutant

_ROOT = Path(__file__).parents[1]
_BATCH = 2000
_DEFECTS = (Reason.INTERNAL_ERROR, Reason.CRASHED)
_START_SECONDS = 300
# No picture is refused for being unlike the stored one: a mutant goes as far as it can.
_CONFIG = """
max_mean: 255
min_within2: 0
no_stored_image: keep
over_cap: flatten
max_area: 3000
max_seconds: 20
max_memory_bytes: 2147483648
"""

Samples = dict[str, dict[str, bytes]]  # by key, the members of a sample by name


@dataclass
class Report:
    """`problems` says in a sentence each what was broken, `kept` which files broke it."""

    reasons: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def documents(self) -> int:
        return self.reasons.total()


def fuzz(count: int, seed: int, workers: int, keep: Path) -> Report:
    """`count` mutants, in batches of one run each."""
    report = Report()
    drawn, real = drawn_originals(), real_originals()
    pool = drawn * max(1, len(real) // len(drawn)) + real  # half of the mutants are of drawn files
    with tempfile.TemporaryDirectory(prefix="lamina-fuzz-") as folder:
        alone = _alone(Path(folder) / "alone", workers, report)
        for start in range(0, count, _BATCH):
            batch = Path(folder) / f"batch-{start}"
            hows = _write_batch(batch / "in", pool, seed, range(start, min(start + _BATCH, count)))
            _check_batch(batch, hows, alone, workers, keep, report)
            shutil.rmtree(batch)
    return report


def _alone(folder: Path, workers: int, report: Report) -> Samples:
    """What the neighbours give by themselves."""
    (folder / "in").mkdir(parents=True)
    for name, data in neighbours().items():
        (folder / "in" / name).write_bytes(data)
    _run_job(folder, workers, _START_SECONDS, report)
    return samples(folder / "out")


def _write_batch(folder: Path, pool: Sequence[Original], seed: int, indices: range) -> dict[str, str]:
    """What was done to each mutant, by its uri."""
    folder.mkdir(parents=True)
    for name, data in neighbours().items():
        (folder / name).write_bytes(data)
    hows = {}
    for index in indices:
        one = mutant(pool, seed, index)
        (folder / one.name).write_bytes(one.data)
        hows[one.name] = one.how
    return hows


def _check_batch(batch: Path, hows: dict[str, str], alone: Samples, workers: int, keep: Path, report: Report) -> None:
    started = time.monotonic()
    _run_job(batch, workers, _START_SECONDS + len(hows), report)
    report.seconds += time.monotonic() - started
    if not (batch / "out" / "manifest.json").exists():
        _keep(batch / "in", sorted(hows), keep, report)
        return
    rows = {row["uri"]: row for row in pq.read_table(batch / "out" / "tables" / "documents").to_pylist()}
    wanted = sorted(path.name for path in (batch / "in").iterdir())
    if sorted(rows) != wanted:
        report.problems.append(f"{len(rows)} documents have a row, {len(wanted)} were given")
    report.reasons.update(rows[name]["reason"] or "accepted" for name in hows if name in rows)
    for name, row in sorted(rows.items()):
        what = f"{name}: {row['reason']}: {row['message']} ({hows.get(name)})"
        if row["reason"] in _DEFECTS:
            report.problems.append(what)
            _keep(batch / "in", [name], keep, report)
        elif row["reason"] in (Reason.OUT_OF_TIME, Reason.OUT_OF_MEMORY):
            report.slow.append(what)
            _keep(batch / "in", [name], keep, report)
    for name in neighbours():
        if rows.get(name, {}).get("status") != "accepted":
            report.problems.append(f"{name}, a sound neighbour, became {rows.get(name)}")
    together = samples(batch / "out")
    for key, members in alone.items():
        if together.get(key) != members:
            report.problems.append(f"the sample {key} of a sound neighbour has other bytes than alone")
    verified = _python(
        "audit.verify", str(batch / "out"), "--workers", str(workers), seconds=_START_SECONDS + len(hows)
    )
    if verified.returncode != 0:
        report.problems.append(f"audit.verify: {verified.stdout[-2000:]}{verified.stderr[-2000:]}")


def _run_job(batch: Path, workers: int, seconds: float, report: Report) -> None:
    config = batch / "config.yaml"
    config.write_text(_CONFIG)
    options = ("--input", batch / "in", "--output", batch / "out", "--config", config, "--workers", workers)
    try:
        done = _python("beam_jobs.shards", *map(str, options), seconds=seconds)
    except subprocess.TimeoutExpired:
        report.problems.append(f"the job did not end within {seconds:g} s")
        return
    if done.returncode != 0:
        report.problems.append(f"the job ended with status {done.returncode}: {done.stderr[-2000:]}")


def _python(module: str, *arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, errors="replace", timeout=seconds)


def _keep(folder: Path, names: Sequence[str], keep: Path, report: Report) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    report.kept.extend(Path(shutil.copy(folder / name, keep / name)) for name in names)


def samples(output: Path) -> Samples:
    """Every sample of a dataset, as the bytes of its members."""
    found: Samples = {}
    for path in sorted((output / "shards").glob("*.tar")):
        with path.open("rb") as file:
            for one in index_tar(file):
                found.setdefault(one.name.partition(".")[0], {})[one.name] = read_at(file, one.offset, one.size)
    return found


def lines(report: Report) -> Iterator[str]:
    for reason, number in report.reasons.most_common():
        yield f"{reason:<22}{number:>8,}"
    rate = report.documents / report.seconds if report.seconds else 0.0
    yield f"{report.documents:,} mutants in {report.seconds:.0f} s, {rate:.1f} a second"
    yield from (f"too dear: {what}" for what in report.slow)
    yield from (f"PROBLEM {what}" for what in report.problems)
    yield from (f"kept {path}" for path in report.kept)
    yield f"{len(report.problems)} problems" if report.problems else "Every promise held."


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Broken PSDs through the real job.")
    parser.add_argument("--count", type=int, default=10_000, help="mutants; default 10000")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same mutants; default 0")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="of the job; default all cores")
    parser.add_argument("--folder", type=Path, default=Path("out/fuzz"), help="keeps what broke; default out/fuzz")
    options = parser.parse_args(arguments)
    report = fuzz(options.count, options.seed, options.workers, options.folder)
    for line in lines(report):
        print(line)
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
