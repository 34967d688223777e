"""A dataset goes in; a report of which promises hold on disk comes out.

    python -m audit.verify DATA [--workers N] [--problems N]

Re-reads everything that a run wrote. Exit status: 0 all checks hold; 1 problems were found; 2 DATA is no dataset.
"""

import argparse
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import get_context
from typing import Any

from audit.check_files import Entry, Manifest, NotADataset, check_checksum, check_listing, read_manifest
from audit.check_samples import SampleFacts, by_sample, check_sample
from audit.check_tables import Corpus, Limits, check_captions, check_complete, check_documents, check_layers
from audit.findings import Findings
from data_pipeline.shard_io import Member, index_tar, read_at

HOLDS, PROBLEMS, NO_DATASET = 0, 1, 2
_UNIT_BYTES = 32 << 20  # of consecutive samples, checked in one go
_PREVIEW = re.compile(r"(?P<key>[0-9a-f]{16})\.(photoshop|reference|dropped_\d\d)\.webp")
_MAX_PREVIEW_BYTES = 16 << 20

Unit = Callable[[str, Any], tuple[Findings, list[SampleFacts]]]


@dataclass(frozen=True)
class Task:
    """One piece of work for a process: a function of this module and what it works on."""

    work: Unit
    argument: Any


def verify(root: str, workers: int) -> Findings:
    """Raises NotADataset where there is no manifest."""
    findings = Findings()
    manifest = read_manifest(root, findings)
    present = check_listing(root, manifest, findings)
    samples = _check_content(root, present, workers, findings)
    corpus = Corpus(samples)
    _check_tables(root, [entry for entry in present if entry.section == "tables"], manifest, corpus, findings)
    if not findings.failed["schemas"]:  # else what the tables lack would be reported once for every sample
        check_complete(corpus, findings)
        _check_counts(manifest, corpus, findings)
        for entry in present:
            if entry.section == "previews":
                _check_previews(root, entry, corpus, findings)
    findings.problems.sort()
    return findings


def _check_tables(root: str, entries: Sequence[Entry], manifest: Manifest, corpus: Corpus, findings: Findings) -> None:
    def parts(table: str) -> list[str]:
        return sorted(entry.path for entry in entries if entry.table == table)

    settings = manifest.configuration
    max_mean, min_within2 = settings.get("max_mean"), settings.get("min_within2")
    limits = Limits(255, 0)
    known = isinstance(max_mean, int | float) and isinstance(min_within2, int | float)
    if findings.expect(known, "fidelity", "manifest.json", "its configuration has no max_mean or no min_within2"):
        limits = Limits(float(max_mean or 0), float(min_within2 or 0), str(settings.get("unfaithful")))
    check_documents(root, parts("documents"), limits, corpus, findings)
    check_layers(root, parts("layers"), corpus, findings)
    check_captions(root, parts("captions"), corpus, findings)
    for entry in entries:
        rows = corpus.rows[entry.path]
        findings.expect(rows == entry.items, "counts", entry.path, f"{rows} rows, {entry.items} are listed")


def _check_content(root: str, present: Sequence[Entry], workers: int, findings: Findings) -> dict[str, SampleFacts]:
    samples: dict[str, SampleFacts] = {}
    for found, facts in _run(root, _tasks(root, present, findings), workers):
        findings.add(found)
        for sample in facts:
            first = samples.setdefault(sample.key, sample)
            unique = first is sample
            findings.expect(unique, "keys", f"{sample.shard} {sample.key}", f"the key is in {first.shard} as well")
    return samples


def _tasks(root: str, present: Sequence[Entry], findings: Findings) -> Iterator[Task]:
    """Checksums of all files, and the samples of all shards in units of bounded size."""
    for entry in present:
        yield Task(checksum_unit, entry)
        if entry.section == "shards":
            number = 0
            for unit in _units(root, entry, findings):
                number += len(unit)
                yield Task(sample_unit, (entry.path, unit))
            findings.expect(number == entry.items, "counts", entry.path, f"{number} samples, {entry.items} are listed")


def _units(root: str, entry: Entry, findings: Findings) -> Iterator[list[tuple[str, list[Member]]]]:
    unit: list[tuple[str, list[Member]]] = []
    size = 0
    try:
        with open(os.path.join(root, entry.path), "rb") as file:
            for key, members in by_sample(index_tar(file)):
                unit.append((key, members))
                size += sum(member.size for member in members)
                if size >= _UNIT_BYTES:
                    yield unit
                    unit, size = [], 0
    except (OSError, ValueError) as error:
        findings.fail("members", entry.path, str(error))
    if unit:
        yield unit


def checksum_unit(root: str, entry: Entry) -> tuple[Findings, list[SampleFacts]]:
    findings = Findings()
    check_checksum(root, entry, findings)
    return findings, []


def sample_unit(root: str, argument: tuple[str, list[tuple[str, list[Member]]]]) -> tuple[Findings, list[SampleFacts]]:
    shard, samples = argument
    findings, facts = Findings(), []
    with open(os.path.join(root, shard), "rb") as file:
        for key, members in samples:
            found = check_sample(file, shard, key, members, findings)
            if found is not None:
                facts.append(found)
    return findings, facts


def _run(root: str, tasks: Iterable[Task], workers: int) -> Iterator[tuple[Findings, list[SampleFacts]]]:
    """Results as they come; never more than a few tasks are waiting, so that a corpus of any size fits."""
    if workers == 1:
        for task in tasks:
            yield task.work(root, task.argument)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running: set[Future[tuple[Findings, list[SampleFacts]]]] = set()
        for task in tasks:
            running.add(pool.submit(task.work, root, task.argument))
            if len(running) >= 2 * workers:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in running)


def _check_counts(manifest: Manifest, corpus: Corpus, findings: Findings) -> None:
    """The manifest's counts are those of the tables, and no other."""
    stated = dict(_flat(manifest.counts))
    for name in sorted(stated.keys() | corpus.counts.keys()):
        ours, theirs = corpus.counts.get(name, 0), stated.get(name, 0)
        findings.expect(ours == theirs, "counts", f"manifest.json {name}", f"{theirs}, but the tables have {ours}")


def _check_previews(root: str, entry: Entry, corpus: Corpus, findings: Findings) -> None:
    try:
        with open(os.path.join(root, entry.path), "rb") as file:
            members = list(index_tar(file))
            for one in members:
                match = _PREVIEW.fullmatch(one.name)
                where = f"{entry.path} {one.name!r}"
                if findings.expect(match is not None, "previews", where, "no name of a preview") and match is not None:
                    known = match["key"] in corpus.keys
                    findings.expect(known, "previews", where, "no document has this key")
                webp = one.size <= _MAX_PREVIEW_BYTES and read_at(file, one.offset, min(one.size, 16))[8:12] == b"WEBP"
                findings.expect(webp, "previews", where, "not a small WebP image")
    except (OSError, ValueError) as error:
        findings.fail("previews", entry.path, str(error))
        return
    keys = [key for key, _ in groupby(one.name.partition(".")[0] for one in members)]
    together = len(set(keys)) == len(keys)
    findings.expect(together, "previews", entry.path, "the previews of a document do not stand together")
    number = len(keys)
    findings.expect(number == entry.items, "counts", entry.path, f"{number} documents, {entry.items} are listed")


def _flat(counts: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in counts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, value


def report(findings: Findings, limit: int) -> Iterator[str]:
    """Lines for people: each kind of check with its number, then up to `limit` problems."""
    width = max((len(name) for name in findings.checked), default=0)
    for name in sorted(findings.checked):
        failed = findings.failed[name]
        result = f"{failed} problems" if failed else "ok"
        yield f"{name:<{width}}  {findings.checked[name]:>10,} checked  {result}"
    total = findings.failed.total()
    if not total:
        yield "All promises hold."
        return
    yield ""
    yield from (problem.line() for problem in findings.problems[:limit])
    if total > limit:
        yield f"... and {total - limit} more"
    yield f"{total} problems."


def main(arguments: Sequence[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path need not be UTF-8
    parser = argparse.ArgumentParser(
        prog="python -m audit.verify", description="Checks a dataset against its promises."
    )
    parser.add_argument("data", help="OUTPUT of make shards")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes; default all cores")
    parser.add_argument("--problems", type=int, default=50, help="how many problems to list; default 50")
    options = parser.parse_args(arguments)
    if options.workers < 1:
        parser.error(f"--workers is {options.workers}; it must be at least 1")
    try:
        findings = verify(options.data, options.workers)
    except NotADataset as error:
        print(f"lamina: {error}", file=sys.stderr)
        return NO_DATASET
    except BrokenProcessPool:
        print("lamina: a process died, perhaps for want of memory; try fewer --workers", file=sys.stderr)
        return PROBLEMS
    for line in report(findings, options.problems):
        print(line)
    return PROBLEMS if findings.failed else HOLDS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
