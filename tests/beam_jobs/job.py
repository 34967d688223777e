"""Runs the job on fake documents, in this process or as one that can be killed, and hashes what it leaves."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from beam_jobs import shards
from beam_jobs.command_line import parse
from tests.beam_jobs import fake

ROOT = Path(__file__).parents[2]


def run(source, output, *flags, workers=2):
    arguments = ["--input", str(source), "--output", str(output), "--workers", str(workers), *flags]
    return shards.run(parse(arguments), fake.curate)


def promised(output):
    """sha256 of every file whose bytes are promised, by path."""
    paths = (path for path in sorted(output.rglob("*")) if path.is_file())
    names = {path.relative_to(output).as_posix(): path for path in paths}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in names.items()
        if not name.startswith(("logs/", "state/"))
    }


def documents(output):
    """Rows of `documents` by uri."""
    return {row["uri"]: row for row in table(output, "documents")}


def table(output, name):
    return pq.read_table(output / "tables" / name).to_pylist()


def start(source, output, workers, module="tests.beam_jobs.job"):
    """The job in a process group of its own, to be killed; `beam_jobs.shards` curates what it finds."""
    flags = ["--input", str(source), "--output", str(output), "--workers", str(workers)]
    command = [sys.executable, "-m", module, *flags]
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    shards.run(parse(sys.argv[1:]), fake.curate)
