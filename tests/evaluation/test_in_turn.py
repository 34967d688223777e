"""Work that is done in processes."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from evaluation.in_turn import in_turn

ROOT = Path(__file__).parents[2]
SLEEPS = """
import os, sys, time
from evaluation.command_line import exit_status
from evaluation.in_turn import in_turn

def work(seconds):
    os.write(1, b"begun\\n")  # at once, as two processes say it
    time.sleep(seconds)

if __name__ == "__main__":
    sys.exit(exit_status(lambda: len(list(in_turn(work, [1.0] * 50, 2)))))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    assert list(in_turn(abs, [-3, 2, -1], workers)) == [3, 2, 1]
    assert list(in_turn(abs, [], workers)) == []


def test_ctrl_c_is_one_sentence_and_no_word_of_a_process(tmp_path: Path) -> None:
    (tmp_path / "sleeps.py").write_text(SLEEPS)
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore Ctrl-C
    with subprocess.Popen(
        [sys.executable, tmp_path / "sleeps.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeding,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=30)[1] == "lamina: stopped\n"
    assert process.returncode == 3
