"""A command in; the most memory that its processes held, and its seconds, out. Linux alone tells this."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Usage:
    """`largest_bytes` is the peak resident memory of the largest process; `together_bytes` the largest sum over all
    of them at one time, in which pages that they share count once."""

    seconds: float
    largest_bytes: int
    together_bytes: int


def run_measured(command: Sequence[str], folder: Path) -> Usage:
    """Raises CalledProcessError where the command fails."""
    started = time.monotonic()
    largest, together = 0, 0
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            looked = time.monotonic()
            members = _family(process.pid)
            largest = max(largest, *(_kib(f"/proc/{pid}/status", "VmHWM") for pid in members))
            together = max(together, sum(_kib(f"/proc/{pid}/smaps_rollup", "Pss") for pid in members))
            # To look at gigabytes costs time that the command needs.
            time.sleep(max(_EVERY_SECONDS, 9 * (time.monotonic() - looked)))
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Usage(time.monotonic() - started, 1024 * largest, 1024 * together)


def _family(root: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        children.setdefault(_parent(int(name)), []).append(int(name))
    family = [root]
    for pid in family:
        family.extend(children.get(pid, []))
    return family


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0  # it ended meanwhile


def _kib(path: str, name: str) -> int:
    """A line `name:  n kB`; 0 where the process has ended."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
