"""Anomalous layers from the command line to the dataset: dropped, shown, told, and verified."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from audit.verify import verify
from beam_jobs import running, shards
from beam_jobs.children import close_children
from beam_jobs.command_line import parse
from data_pipeline.drawing import Pixels, draw
from data_pipeline.shard_io import index_tar, read_at
from schemas.options import DETECTORS
from tests.audit.test_verify import edit_table
from tests.beam_jobs.marked_design import SIDE_PX, ground, mark


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("marked")
    disc = np.full((60, 60, 4), (200, 30, 90, 255), np.uint8)
    layers = [ground(), Pixels(name="Disc", rgba=disc, left=70, top=40)]
    draw(folder / "plain.psd", SIDE_PX, SIDE_PX, layers)
    draw(folder / "marked.psd", SIDE_PX, SIDE_PX, [*layers, mark()])
    return folder


@pytest.fixture(scope="module", autouse=True)
def _children() -> Iterator[None]:
    yield
    close_children()


def _run(source: Path, output: Path, *flags: str) -> tuple[dict[str, dict], list[dict]]:
    shards.run(parse(["--input", str(source), "--output", str(output), "--workers", "1", *flags]))
    assert verify(str(output), 1).problems == []
    return _rows(output)


def _rows(output: Path) -> tuple[dict[str, dict], list[dict]]:
    """Documents by uri, and the rows of the layers of the marked one."""
    documents = {row["uri"]: row for row in pq.read_table(output / "tables" / "documents").to_pylist()}
    rows = pq.read_table(output / "tables" / "layers").to_pylist()
    return documents, [row for row in rows if row["document_id"] == documents["marked.psd"]["document_id"]]


def _previews(output: Path) -> dict[str, np.ndarray]:
    found = {}
    for path in (output / "previews").glob("*.tar"):
        with path.open("rb") as file:
            for one in index_tar(file):
                picture = Image.open(io.BytesIO(read_at(file, one.offset, one.size)))
                found[one.name] = np.asarray(picture.convert("RGBA"))
    return found


@pytest.fixture(scope="module")
def output(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset with nothing asked for. Read only."""
    folder = tmp_path_factory.mktemp("output") / "out"
    _run(source, folder)
    return folder


def test_a_watermark_is_dropped_shown_and_told(output: Path) -> None:
    documents, layers = _rows(output)
    assert [row["drop_reason"] for row in layers] == [None, None, "watermark"]
    mark = layers[-1]
    assert mark["threshold"] == 0.5
    assert mark["value"] == dict(mark["measures"])["watermark"] > 0.5
    assert {name for name, _ in mark["measures"]} == set(DETECTORS)
    row = documents["marked.psd"]
    assert row["final_mean"] is None  # it is no longer Photoshop's picture
    shown = _previews(output)[f"{row['key']}.dropped_00.webp"]
    assert shown.shape == (SIDE_PX, SIDE_PX, 4)
    assert 0 < np.count_nonzero(shown[..., 3]) < 0.6 * SIDE_PX**2


def test_a_figure_that_does_not_explain_the_drop_is_found(output: Path, tmp_path: Path) -> None:
    shutil.copytree(output, tmp_path / "out")
    edit_table(tmp_path / "out", "layers", lambda rows: [row.update(threshold=1.0) for row in rows if row["threshold"]])
    (problem,) = verify(str(tmp_path / "out"), 1).problems
    assert "dropped as watermark" in str(problem)


def test_the_same_picture_without_its_mark_is_a_duplicate(output: Path) -> None:
    documents, _ = _rows(output)
    assert sorted(str(row["reason"]) for row in documents.values()) == ["None", "duplicate_composite"]


def test_options_of_the_command_line_decide(source: Path, tmp_path: Path) -> None:
    _, layers = _run(source, tmp_path / "flag", "--watermark", "flag")
    assert [row["flags"] for row in layers] == [[], [], ["watermark"]]
    assert layers[-1]["drop_reason"] is None
    documents, layers = _run(source, tmp_path / "document", "--anomalous", "document")
    assert documents["marked.psd"]["reason"] == "anomalous_layer"
    assert [row["drop_reason"] for row in layers] == ["document_rejected", "document_rejected", "watermark"]
    _, layers = _run(source, tmp_path / "ignore", "--watermark", "ignore", "--guide-threshold", "0.5")
    assert "watermark" not in dict(layers[-1]["measures"])


def test_a_threshold_out_of_range_is_one_sentence(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    flags = ["--input", str(source), "--output", str(tmp_path / "out"), "--watermark-threshold", "3"]
    assert shards.main(flags) == running.WRONG
    assert capsys.readouterr().err.startswith("lamina: watermark_threshold is 3.0; it must lie in [0, 1): ")
