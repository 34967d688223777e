"""What the commands of evaluation share."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from evaluation import evaluate, evaluate_editing, evaluate_reconstruction
from evaluation.command_line import FAILED, WRONG, exit_status
from tests.evaluation.drawn_stacks import GROUND, LEFT, painted, written

ROOT = Path(__file__).parents[2]
MAINS = [evaluate.main, evaluate_editing.main, evaluate_reconstruction.main]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ValueError("a\x1bb is wrong"), WRONG, "a?b is wrong"),
        (OSError(28, "No space left on device"), FAILED, "the run failed: [Errno 28] No space left on device"),
        (BrokenProcessPool(), FAILED, "a process died, perhaps for want of memory; try fewer --workers"),
        (KeyboardInterrupt(), FAILED, "stopped"),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        raise error

    assert exit_status(command) == status
    assert capsys.readouterr().err == f"lamina: {said}\n"


@pytest.mark.parametrize("main", MAINS)
@pytest.mark.parametrize("option", [("--workers", "0"), ("--seed", "-1"), ("--seed", "x")])
def test_options_are_numbers_in_every_command(
    main: Callable[[list[str]], int],
    option: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--pred", str(tmp_path), "--truth", str(tmp_path), *option])
    assert stopped.value.code == WRONG
    assert option[0] in capsys.readouterr().err


def test_who_stops_reading_does_not_fail_the_run(tmp_path: Path) -> None:
    written(tmp_path, pred=painted(GROUND, LEFT), truth=painted(GROUND, LEFT))
    words = ["--pred", "pred", "--truth", "truth", "--output", "out", "--workers", "1"]
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "evaluation.evaluate", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
