"""Steps: each where its result is missing, none after one that failed."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from training.steps import FAILED, Step, do_steps, run_command


class Fake:
    """Makes the file that a command names; knows what was run. A command `fail N` ends with N."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def __call__(self, command: Sequence[str]) -> int:
        action, what = command
        self.ran.append(what)
        if action == "fail":
            return int(what)
        Path(what).write_text("whole")
        return 0


def made(folder: Path, name: str) -> Step:
    return Step(name, ("make", str(folder / name)), folder / name)


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    steps, fake = [made(tmp_path, name) for name in "abc"], Fake()
    (tmp_path / "a").write_text("whole")
    assert do_steps(steps, fake) == 0
    assert fake.ran == [str(tmp_path / "b"), str(tmp_path / "c")]
    assert do_steps(steps, fake) == 0
    assert len(fake.ran) == 2


def test_nothing_follows_a_failure_which_is_no_verdict(tmp_path: Path) -> None:
    fake = Fake()
    failing = Step("b", ("fail", "1"), tmp_path / "b")
    assert do_steps([made(tmp_path, "a"), failing, made(tmp_path, "c")], fake) == FAILED
    assert fake.ran == [str(tmp_path / "a"), "1"]
    assert not (tmp_path / "c").exists()


def test_a_verdict_is_asked_for_every_time(tmp_path: Path) -> None:
    fake = Fake()
    (tmp_path / "report").write_text("whole")
    verdict = Step("score", ("fail", "1"), tmp_path / "report", verdicts=(1,))
    assert [do_steps([verdict], fake), do_steps([verdict], fake)] == [1, 1]
    assert fake.ran == ["1", "1"]


def test_a_result_older_than_what_it_was_made_of_is_refused(tmp_path: Path) -> None:
    steps = [made(tmp_path, name) for name in "ab"]
    do_steps(steps, Fake())
    os.utime(tmp_path / "b", (1, 1))
    with pytest.raises(ValueError, match="is older than"):
        do_steps(steps, Fake())


def test_a_step_without_a_result_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="left no"):
        do_steps([made(tmp_path, "a")], lambda command: 0)


def test_a_terminated_process_passes_it_on_and_waits(tmp_path: Path) -> None:
    ready, told = tmp_path / "ready", tmp_path / "told"
    child = (
        "import pathlib, signal, sys, time\n"
        f"def stop(*_):\n    pathlib.Path({str(told)!r}).write_text('saved'); sys.exit(3)\n"
        f"signal.signal(signal.SIGTERM, stop); pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    )
    parent = (
        f"import sys; from training.steps import run_command; sys.exit(run_command([sys.executable, '-c', {child!r}]))"
    )
    process = subprocess.Popen([sys.executable, "-c", parent])
    while not ready.exists() and process.poll() is None:
        time.sleep(0.05)
    process.terminate()
    assert process.wait(30) == 3
    assert told.read_text() == "saved"


def test_a_command_ends_with_its_own_status() -> None:
    assert run_command([sys.executable, "-c", "raise SystemExit(4)"]) == 4
