"""The front door refuses what a target does not heed."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def make(*arguments: str) -> subprocess.CompletedProcess:
    """What it would do."""
    return subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("given", ["WORKERS=3", "LIMIT=3", "INPUT=psds", "DRY_RUN=1", "OUTPUT=other"])
def test_captions_refuse_a_variable_that_they_do_not_heed(given: str) -> None:
    run = make("captions", "DATA=data", "URL=http://a", given)
    assert run.returncode == 2
    assert f"captions do not heed {given.partition('=')[0]}=, it is for make shards" in run.stderr


@pytest.mark.parametrize(
    "given",
    [
        ["captions", "DATA=data", "URL=http://a", "MODEL=m", "CAPTION_LAYERS=1", "CONFIG=c", "ARGS=--answer-s 9"],
        ["captions", "OUTPUT=data", "URL=http://a"],
        ["shards", "captions", "INPUT=psds", "OUTPUT=data", "WORKERS=3", "CAPTIONER=none"],
    ],
)
def test_captions_take_what_they_heed(given: list[str]) -> None:
    run = make(*given)
    assert run.returncode == 0
    assert "-m beam_jobs.captions 'data'" in run.stdout
