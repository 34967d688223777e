"""The fidelity report: what counts as a hit, and a page that a hostile name cannot write on."""

from pathlib import Path

import numpy as np
import pytest

from audit import bench_fidelity
from audit.fidelity import Outcome, report
from data_pipeline.drawing import Pixels, draw
from data_pipeline.fidelity import Distance


def drawn(path: Path, stored: np.ndarray | None = None) -> Path:
    ground = Pixels(name="Ground", rgba=np.full((40, 40, 4), 255, np.uint8))
    dot = Pixels(name="Dot", rgba=np.full((10, 10, 4), (200, 0, 0, 255), np.uint8), left=5, top=5, opacity=128)
    path.parent.mkdir(exist_ok=True)
    draw(path, 40, 40, [ground, dot], stored=stored)
    return path


def test_what_cannot_be_compared_is_a_miss_of_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn(tmp_path / "in/a.psd")
    drawn(tmp_path / "in/<b>.psd", stored=np.full((40, 40, 4), (0, 0, 0, 255), np.uint8))
    (tmp_path / "in/c.psd").write_text("nothing")
    assert bench_fidelity.main([str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    assert "3 files, 2 compared" in printed
    assert "| mean difference <= 1/255 | 1 (33.3%) | 1 (33.3%) |" in printed
    assert "| pixel | 2 | 1 |" in printed
    page = (tmp_path / "out/index.html").read_text()
    assert "&lt;b&gt;.psd" in page
    assert "<b>" not in page
    assert page.count("<img") == 6
    assert "not_a_psd" in (tmp_path / "out/files.csv").read_text()


def test_shares_are_of_all_files() -> None:
    outcomes = [Outcome("a", ours=Distance(0.6, 0.96), leaves=4, leaves_kept=3, layers_stored=3), Outcome("b")]
    text = report(outcomes)
    assert "| mean difference <= 0.5/255 | 0 (0.0%) |" in text
    assert "| mean difference <= 1/255 | 1 (50.0%) |" in text
    assert "| >= 95% of pixels within 2/255 | 1 (50.0%) |" in text
    assert "| >= 99% of pixels within 2/255 | 0 (0.0%) |" in text
    assert "survive as their own: 3 (75.0%)" in text
    assert "flattened group: 1." in text


def test_a_list_names_the_files(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a b.psd\n\nc.psd\n")
    assert bench_fidelity.listed(tmp_path / "list.txt") == [Path("a b.psd"), Path("c.psd")]


def test_what_is_not_there_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench_fidelity.main([str(tmp_path / "no")])
    assert "does not exist" in capsys.readouterr().err


def test_one_file_is_one_row_whatever_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(path: Path) -> Outcome:
        raise ZeroDivisionError("no")

    monkeypatch.setattr(bench_fidelity, "measure", failing)
    assert bench_fidelity.measured_or_not(tmp_path).message == "ZeroDivisionError: no"
