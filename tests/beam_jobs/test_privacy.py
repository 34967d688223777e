"""What a file tells of people and machines stays in the file."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from psd_tools.constants import Resource

from beam_jobs import shards
from beam_jobs.children import close_children
from beam_jobs.command_line import parse
from data_pipeline.drawing import Pixels, draw
from tests.data_pipeline.test_rights import dataset, packet

_AUTHOR = "Ann Author"
_SECRETS = ("Bob Byline", "alice-home", "picture.psb", "thumbnail-pixels", "edited-on-machine-7")
_XMP = (
    f"<dc:creator><rdf:Seq><rdf:li>{_AUTHOR}</rdf:li></rdf:Seq></dc:creator>"
    "<xmpMM:History><rdf:Seq><rdf:li>edited-on-machine-7 file:///Users/alice-home/picture.psb</rdf:li></rdf:Seq>"
    "</xmpMM:History>"
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("private")
    resources = {
        Resource.XMP_METADATA: packet(_XMP),
        Resource.IPTC_NAA: dataset(122, b"Bob Byline"),
        Resource.THUMBNAIL_RESOURCE: b"thumbnail-pixels",
        Resource.URL_LIST: "file:///Users/alice-home/picture.psb".encode("utf-16-be"),
    }
    tile = np.full((32, 32, 4), (9, 90, 200, 255), np.uint8)
    layers = [Pixels(rgba=np.full((64, 64, 4), 255, np.uint8)), Pixels(rgba=tile, left=9, top=9)]
    draw(folder / "design.psd", 64, 64, layers, resources=resources, stored=_stored(tile))
    return folder


def _stored(tile: np.ndarray) -> np.ndarray:
    picture = np.full((64, 64, 4), 255, np.uint8)
    picture[9:41, 9:41] = tile
    return picture


def written(source: Path, output: Path, *flags: str) -> bytes:
    """Everything that a run leaves under OUTPUT, tables as text; pixels are compressed without loss and hold none."""
    try:
        shards.run(parse(["--input", str(source), "--output", str(output), "--workers", "1", *flags]))
    finally:
        close_children()
    parts = []
    for path in sorted(path for path in output.rglob("*") if path.is_file()):
        rows = repr(pq.read_table(path).to_pylist()).encode() if path.suffix == ".parquet" else b""
        parts += [path.read_bytes(), rows]
    return b"".join(parts)


def test_names_paths_history_and_thumbnails_reach_no_output(source: Path, tmp_path: Path) -> None:
    found = written(source, tmp_path / "out")
    assert b"design.psd" in found
    for secret in (_AUTHOR, *_SECRETS):
        assert secret.encode() not in found, secret
        assert secret.encode("utf-16-be") not in found, secret


def test_authors_are_written_on_request(source: Path, tmp_path: Path) -> None:
    found = written(source, tmp_path / "out", "--keep-authors")
    assert _AUTHOR.encode() in found
    assert not any(secret.encode() in found for secret in _SECRETS)
