"""Synthetic records in; Markdown out: how long it takes to join 100,000 documents into families, and what is found.

    python -m tests.bench_families [--documents 100000] [--seed 0]

A fifth of them are copies of others with 0 to 20 of 256 bits of the perceptual hash turned, a tenth share a picture;
all the rest are unlike each other. The graph is the job's own, run by Beam in this process.
"""

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
import numpy as np
from apache_beam.runners.runner import create_runner

from beam_jobs.families import Families
from beam_jobs.options import DEFAULT_RUNNER, JobOptions
from beam_jobs.references import Reference, Slice
from data_pipeline.duplicates import BITS

_MOST_BITS = 20


def records(count: int, rng: np.random.Generator) -> tuple[list[Reference], list[tuple[int, int]]]:
    """References, and the pairs of them that belong together, by their places."""
    looks = rng.integers(0, 256, (count, BITS // 8), np.uint8)
    pairs = []
    for copy in range(count - count // 5, count):
        original = int(rng.integers(count - count // 5))
        bits = np.zeros(BITS, np.uint8)
        bits[rng.choice(BITS, int(rng.integers(_MOST_BITS + 1)), replace=False)] = 1
        looks[copy] = looks[original] ^ np.packbits(bits)
        pairs.append((original, copy))
    pictures: dict[int, tuple[str, ...]] = {}
    for number in range(count // 20):
        one, other = (int(place) for place in rng.integers(count, size=2))
        pictures[one] = pictures[other] = (f"picture {number}",)
    shared: dict[str, list[int]] = {}
    for place, (picture,) in pictures.items():
        shared.setdefault(picture, []).append(place)
    pairs += [(places[0], place) for places in shared.values() for place in places[1:]]
    return [_record(place, looks[place].tobytes().hex(), pictures.get(place, ())) for place in range(count)], pairs


def _record(place: int, look: str, pictures: tuple[str, ...]) -> Reference:
    sha256 = hashlib.sha256(str(place).encode()).hexdigest()
    return Reference(
        uri=f"{place:06d}.psd", fingerprint="f", sha256=sha256, reason=None, picture=sha256, layers=2, sample_bytes=1,
        record=Slice("x", 0, 1, sha256), look=look, pictures=pictures, family_id=sha256[:16],
    )  # fmt: skip


def _note(corpus: Sequence[Reference], path: Path) -> None:
    path.write_text(json.dumps({one.uri: one.family_id for one in corpus}))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench_families", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    documents, pairs = records(options.documents, np.random.default_rng(options.seed))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "families.json"
        started = time.monotonic()
        with beam.Pipeline(create_runner(DEFAULT_RUNNER)) as pipeline:
            joined = pipeline | beam.Create(documents) | Families(JobOptions("in", "out"))
            _ = joined | beam.Map(_note, path)
        seconds = time.monotonic() - started
        family = json.loads(path.read_text())
    together = sum(family[documents[one].uri] == family[documents[other].uri] for one, other in pairs)
    count = len(set(family.values()))
    print("| documents | pairs planted | found | families | s |")
    print("|---:|---:|---:|---:|---:|")
    print(f"| {len(documents):,} | {len(pairs):,} | {together / len(pairs):.3%} | {count:,} | {seconds:.1f} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
