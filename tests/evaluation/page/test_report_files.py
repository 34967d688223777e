"""The files of a report."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from evaluation.page.blocks import Paragraph, Picture
from evaluation.page.report_files import write_report

PIXELS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


def test_a_report_has_its_pages_its_figures_and_its_pictures(tmp_path: Path) -> None:
    write_report(tmp_path, "t", [Paragraph("Said."), Picture("../../a", PIXELS)], {"name": "\udcff", "mean": 0.1})
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [
        "00.png", "report.html", "report.json", "report.md",
    ]  # fmt: skip
    assert json.loads((tmp_path / "report.json").read_text()) == {"name": "\udcff", "mean": 0.1}
    assert np.array_equal(np.asarray(Image.open(tmp_path / "worst/00.png")), PIXELS)


def test_pictures_of_an_earlier_report_go_and_nothing_else(tmp_path: Path) -> None:
    write_report(tmp_path, "t", [Picture("a", PIXELS), Picture("b", PIXELS)], {})
    (tmp_path / "worst/mine.png").write_bytes(b"")
    write_report(tmp_path, "t", [Picture("a", PIXELS)], {})
    assert sorted(path.name for path in (tmp_path / "worst").iterdir()) == ["00.png", "mine.png"]
