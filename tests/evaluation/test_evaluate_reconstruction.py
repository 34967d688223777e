import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from evaluation.evaluate_reconstruction import main
from evaluation.reconstruction.lpips import Lpips
from evaluation.reconstruction.pictures import cropped
from tests.evaluation.drawn_cutouts import cutout, noisy

SIDE = 32
ROOT = Path(__file__).parents[2]


def _save(path: Path, rgba: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgba).save(path)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Truths of two folders, one name of which is hostile, and their reconstructions."""
    for number, name in enumerate(("animal/cat", "animal/dog", "plant/<b>oak")):
        truth = cutout(48, 60 - 20 * number, number)
        _save(tmp_path / "truth" / f"{name}.png", truth)
        _save(tmp_path / "pred" / f"{name}.png", noisy(cropped(truth, SIDE), number))
    return tmp_path / "truth", tmp_path / "pred"


def _run(folders: tuple[Path, Path], output: Path, *more: str) -> int:
    return main([*_named(folders), "--output", str(output), "--side", str(SIDE), "--workers", "1", *more])


def _named(folders: tuple[Path, Path]) -> list[str]:
    return ["--truth", str(folders[0]), "--pred", str(folders[1])]


def test_a_run_writes_reports_and_rows(folders: tuple[Path, Path], tmp_path: Path) -> None:
    assert _run(folders, tmp_path / "out") == 0
    report = json.loads((tmp_path / "out/report.json").read_text())
    samples = pq.read_table(tmp_path / "out/samples.parquet").to_pylist()
    backgrounds = pq.read_table(tmp_path / "out/backgrounds.parquet").to_pylist()
    assert report["samples"] == len(samples) == 3
    assert len(backgrounds) == 3 * 9 * 2
    assert report["folders"] == {"animal": 2, "plant": 1}
    cat, dog, oak = (row["psnr"] for row in samples)
    assert report["with_jpeg"]["psnr"]["mean"] == pytest.approx(((cat + dog) / 2 + oak) / 2)
    assert report["with_jpeg"]["psnr"] != report["without_jpeg"]["psnr"]
    assert report["alpha"]["alpha_mae"]["mean"] > 0


def test_published_and_measured_stand_beside_each_other(folders: tuple[Path, Path], tmp_path: Path) -> None:
    _run(folders, tmp_path / "out")
    text = (tmp_path / "out/report.md").read_text()
    mean = json.loads((tmp_path / "out/report.json").read_text())["with_jpeg"]["psnr"]["mean"]
    assert "| Qwen-Image-Layered RGBA-VAE (published) | 38.8252 | 0.9802 | 5.3132 | 0.0123 |" in text
    assert f"| measured | {mean:.4f} |" in text
    assert "these are of 32x32 px" in text


def test_without_weights_the_columns_say_how_to_give_them(folders: tuple[Path, Path], tmp_path: Path) -> None:
    _run(folders, tmp_path / "out")
    for name in ("report.md", "report.html"):
        text = (tmp_path / "out" / name).read_text()
        assert "not measured: give LPIPS=" in text
        assert "not measured: give INCEPTION=" in text
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["with_jpeg"]["lpips"] is report["with_jpeg"]["rfid"] is None


def test_names_of_files_are_no_markup(folders: tuple[Path, Path], tmp_path: Path) -> None:
    _run(folders, tmp_path / "out")
    page = (tmp_path / "out/report.html").read_text()
    assert "<b>oak" not in page
    assert "&lt;b&gt;oak" in page
    assert page.count("data:image/png;base64,") == 9


def test_a_second_run_writes_the_same(folders: tuple[Path, Path], tmp_path: Path) -> None:
    for output in ("one", "two"):
        _run(folders, tmp_path / output)
    for name in ("report.md", "report.html", "report.json", "samples.parquet", "backgrounds.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_lpips_is_measured_where_weights_are_given(folders: tuple[Path, Path], tmp_path: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tensors = Lpips().state_dict()
    torch.save({name: tensor for name, tensor in tensors.items() if "features" in name}, tmp_path / "a.pth")
    torch.save({name: tensor for name, tensor in tensors.items() if "linear" in name}, tmp_path / "b.pth")
    assert _run(folders, tmp_path / "out", "--lpips", f"{tmp_path}/a.pth,{tmp_path}/b.pth") == 0
    report = json.loads((tmp_path / "out/report.json").read_text())
    rows = pq.read_table(tmp_path / "out/backgrounds.parquet").to_pylist()
    assert report["with_jpeg"]["lpips"]["low"] <= report["with_jpeg"]["lpips"]["mean"]
    assert len({row["lpips"] for row in rows}) == len(rows)


def test_enlarged_and_uncounted_pictures_are_told(folders: tuple[Path, Path], tmp_path: Path) -> None:
    _save(folders[1] / "more.png", cutout(SIDE, SIDE))
    _run(folders, tmp_path / "out")
    text = (tmp_path / "out/report.md").read_text()
    assert "1 pictures were enlarged" in text
    assert "1 reconstructions have no truth" in text


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--side", "20", "--lpips", "x.pth"], "--side is 20"),
        (["--lpips", "nowhere.pth"], "nowhere.pth cannot be read"),
        (["--inception", "nowhere.pth"], "nowhere.pth cannot be read"),
    ],
)
def test_wrong_options_are_one_sentence(
    more: list[str], message: str, folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(folders, tmp_path / "out", *more) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_picture_that_cannot_be_decoded_is_one_sentence(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cat = folders[1] / "animal/cat.png"
    cat.write_bytes(cat.read_bytes()[:200])
    assert _run(folders, tmp_path / "out") == 2
    assert "cat.png cannot be read" in capsys.readouterr().err


def test_torch_is_not_imported_without_weights(folders: tuple[Path, Path], tmp_path: Path) -> None:
    code = "import sys; from evaluation.evaluate_reconstruction import main; assert main(sys.argv[1:]) == 0"
    arguments = [*_named(folders), "--output", str(tmp_path / "out"), "--side", str(SIDE)]
    done = subprocess.run(
        [sys.executable, "-c", f"{code} and 'torch' not in sys.modules", *arguments],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
