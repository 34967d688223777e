"""Commands in their order, each run where its result is not there yet; how they ended out.

A step's result appears whole, at its end; a step that was killed goes on by itself when it is run again.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

FAILED = 3  # a step failed, or was stopped; it has said why
Runs = Callable[[Sequence[str]], int]  # a command's exit status


@dataclass(frozen=True)
class Step:
    """`result` is there where the step is done. An exit status among `verdicts` is an answer, with a result; any other
    than 0 is a failure."""

    name: str
    command: tuple[str, ...]
    result: Path
    verdicts: tuple[int, ...] = ()


def do_steps(steps: Sequence[Step], run: Runs | None = None) -> int:
    """0, a verdict's status, or FAILED, after which no step is run.

    A verdict is asked for every time. ValueError where a result is older than that of a step before it.
    """
    run = run or run_command
    for step in steps:
        _check_fresh(steps, step)
        if step.result.exists() and not step.verdicts:
            print(f"{step.name}: done before", flush=True)
            continue
        began = time.monotonic()
        print(f"{step.name} ...", flush=True)
        status = run(step.command)
        if status:
            if status in step.verdicts:
                return status
            print(f"{step.name} ended with status {status}: {' '.join(step.command)}", flush=True)
            return FAILED
        if not step.result.exists():
            raise ValueError(f"{step.name} ended well and left no {step.result}")
        print(f"{step.name}: done in {time.monotonic() - began:.0f} s", flush=True)
    return 0


def run_command(command: Sequence[str]) -> int:
    """SIGTERM is passed on, and what the command makes of it is waited for; Ctrl-C reaches the command by itself."""
    process = subprocess.Popen(command)
    with _passing_on(process):
        return process.wait()


@contextmanager
def _passing_on(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    def wait(number: int, frame: FrameType | None) -> None:
        """A second SIGINT would end the command at once."""

    before = {number: signal.signal(number, act) for number, act in ((signal.SIGTERM, pass_on), (signal.SIGINT, wait))}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_fresh(steps: Sequence[Step], step: Step) -> None:
    if not step.result.exists() or step.verdicts:
        return
    made = step.result.stat().st_mtime
    for earlier in steps[: steps.index(step)]:
        if earlier.result.exists() and earlier.result.stat().st_mtime > made:
            raise ValueError(
                f"{step.result} is older than {earlier.result}, of which it was made; remove it to make it anew"
            )
