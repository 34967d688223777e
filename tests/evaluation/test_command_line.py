"""What the commands of evaluation share."""

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from evaluation import evaluate, evaluate_editing, evaluate_reconstruction
from evaluation.command_line import FAILED, WRONG, exit_status

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
