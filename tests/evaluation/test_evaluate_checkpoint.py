"""A checkpoint of random networks held against what needs no model: it is not better, and is told so."""

import json
from pathlib import Path

import numpy as np
import pytest

from data_pipeline.stack_io.folder import write_folder
from evaluation.evaluate_checkpoint import main, shuffled
from schemas.stack import PlainLayer, Stack
from tests.inference.conftest import checkpoint

__all__ = ["checkpoint"]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name, layers in (("first", 2), ("second", 3)):
        drawn = rng.integers(0, 256, (layers, 64, 64, 4), np.uint8)
        drawn[0, ..., 3] = 255
        write_folder(
            Stack(64, 64, tuple(PlainLayer((0, 0, 64, 64), rgba) for rgba in drawn)), tmp_path / "truth" / name
        )
    return tmp_path / "truth"


def test_a_random_model_is_not_better_and_a_report_says_so(checkpoint: Path, truth: Path, tmp_path: Path) -> None:
    output = tmp_path / "report"
    status = main([
        "--checkpoint", str(checkpoint), "--truth", str(truth), "--output", str(output), "--resolution", "64",
        "--steps", "1", "--margin", "0.1", "--device", "cpu",
    ])  # fmt: skip
    told = json.loads((output / "report.json").read_bytes())
    assert status == 1
    assert not told["is_better"]
    assert told["samples"] == 2
    assert set(told["rows"]) == {"model", "copies of the composite", "blank layers", "model, shuffled conditions"}
    assert (output / "report.html").is_file()


def test_a_single_true_stack_cannot_be_shuffled(
    checkpoint: Path, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--checkpoint", str(checkpoint), "--truth", str(truth / "first"), "--output", str(tmp_path / "out")])
    assert status == 2
    assert "two are needed" in capsys.readouterr().err


def test_shuffling_gives_every_picture_anothers_at_its_own_size() -> None:
    pictures = [np.full((64, 32, 4), (10, 0, 0, 255), np.uint8), np.full((32, 64, 4), (20, 0, 0, 255), np.uint8)]
    moved = shuffled(pictures)
    assert [picture.shape for picture in moved] == [picture.shape for picture in pictures]
    assert [int(picture[0, 0, 0]) for picture in moved] == [20, 10]
