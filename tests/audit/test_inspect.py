"""What a person is shown of one document."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audit import inspect
from data_pipeline.drawing import Group, Pixels, draw


def _draw(path: Path, stored: np.ndarray | None = None) -> Path:
    ground = Pixels(name="Ground", rgba=np.full((40, 40, 4), 255, np.uint8))
    dot = Pixels(name="Dot\x1b[31m", rgba=np.full((10, 10, 4), (200, 0, 0, 255), np.uint8), left=5, top=5)
    draw(path, 40, 40, [ground, Group(name="Folder", layers=(dot,))], stored=stored)
    return path


def test_the_tree_is_printed_from_the_top_with_every_fate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect.main([str(_draw(tmp_path / "a.psd")), "--output", str(tmp_path / "a.png")]) == 0
    printed = capsys.readouterr().out
    lines = [line.split() for line in printed.splitlines()]
    order = [words[1] for words in lines if words and words[0] in ("0", "1", "2")]
    assert order[0] == "Folder"
    assert order[-1] == "Ground"
    assert "verdict  accepted" in printed
    assert "stored in layer 1" in printed
    assert "dissolved" in printed


def test_names_cannot_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inspect.main([str(_draw(tmp_path / "a.psd")), "--output", str(tmp_path / "a.png")])
    assert "\x1b" not in capsys.readouterr().out


def test_the_picture_shows_three_pictures_and_the_layers(tmp_path: Path) -> None:
    path = _draw(tmp_path / "a.psd")
    assert [label for label, _ in inspect.pictures(path)] == ["Photoshop", "ours", "difference x 8, largest 0"]
    inspect.main([str(path), "--output", str(tmp_path / "deep/er/a.png")])
    assert Image.open(tmp_path / "deep/er/a.png").width > 900


def test_a_rejected_document_is_shown_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _draw(tmp_path / "a.psd", stored=np.full((40, 40, 4), (0, 0, 0, 255), np.uint8))
    assert inspect.main([str(path), "--output", str(tmp_path / "a.png")]) == 1
    assert "rejected at verify: unfaithful" in capsys.readouterr().out
    assert (tmp_path / "a.png").exists()


def test_what_is_no_psd_has_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.psd").write_text("nothing")
    assert inspect.main([str(tmp_path / "a.psd"), "--output", str(tmp_path / "a.png")]) == 1
    assert "not_a_psd" in capsys.readouterr().out
    assert not (tmp_path / "a.png").exists()
