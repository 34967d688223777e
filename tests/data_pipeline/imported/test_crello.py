"""A row of the Crello dataset: its layers make its preview, in every version; what cannot be meant is refused."""

import io
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data_pipeline.imported.crello import curate_row
from data_pipeline.imported.crello_rows import CrelloRow, DamagedRows, Rows
from schemas.options import CurateOptions
from schemas.sample import Rejection, Sample
from tests.data_pipeline.imported.drawn_crello import Drawn, design, disc, noise, png, relative, rendered, row, write
from tests.data_pipeline.test_curate import worst_recomposition

_KEEP = CurateOptions(unfaithful="flag", blurred_face="ignore")


def outcome(path: Path, number: int = 0, options: CurateOptions = _KEEP) -> Sample | Rejection:
    return curate_row(CrelloRow(Rows(str(path)), number), options, uri="train.parquet#a")


def sample_of(path: Path, number: int = 0, options: CurateOptions = _KEEP) -> Sample:
    result = outcome(path, number, options)
    assert isinstance(result, Sample), result.document.message
    return result


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three rows, in a row group each, as version 5 has them."""
    folder = tmp_path_factory.mktemp("crello")
    path = write(folder / "train-00000-of-00001.parquet", [row(f"id{seed}", design(seed)) for seed in range(3)])
    table = pq.read_table(path)
    pq.write_table(table, path, row_group_size=2)
    return path


@pytest.mark.parametrize("number", range(3))
def test_the_layers_of_a_row_are_its_preview(drawn: Path, number: int) -> None:
    sample = sample_of(drawn, number)
    assert sample.fidelity is not None
    assert sample.fidelity.mean < 0.3  # Pillow turns with a sharper filter
    assert sample.fidelity.within2 > 0.97
    assert sample.document.flags == []
    assert worst_recomposition(sample) <= 1


def test_a_row_of_version_4_gives_the_picture_of_version_5(drawn: Path, tmp_path: Path) -> None:
    old = sample_of(write(tmp_path / "train.parquet", [relative(row("id1", design(1)))], version=4))
    new = sample_of(drawn, 1)
    assert (old.fidelity, old.document.gold) == (None, None)
    assert np.abs(old.composite.astype(int) - new.composite).max() <= 1  # places are float32, of another unit
    assert old.psd_text == new.psd_text == ("number 1 & more",)


def test_what_a_row_says_of_its_elements_is_in_the_tables(drawn: Path) -> None:
    sample = sample_of(drawn)
    assert [node.kind for node in sample.layers] == ["solidcolorfill", "pixel", "shape", "type"]
    assert [node.fonts for node in sample.layers] == [[], [], [], ["Roboto"]]
    assert [node.opacity for node in sample.layers] == [1, 1, 0.5, 1]
    assert sample.layers[2].box == (120, 80, 170, 130)
    assert (sample.document.title, sample.document.width, sample.document.layers_in) == ("Design id0", 200, 4)
    assert sample.document.bytes == sum(len(png(one.rgba)) for one in design(0))


def test_elements_that_show_nothing_are_dropped_with_the_reason(tmp_path: Path) -> None:
    elements = [
        *design(1),
        Drawn(disc((1, 2, 3), 9), 500, 500, 9, 9),
        Drawn(disc((1, 2, 3), 9), 5, 5, 9, 0),
        Drawn(disc((1, 2, 3), 9), 5, 5, 9, 9, opacity=0),
        Drawn(np.zeros((9, 9, 4), np.uint8), 5, 5, 9, 9),
    ]
    sample = sample_of(write(tmp_path / "a.parquet", [row("a", elements)]))
    assert [node.drop_reason for node in sample.layers[4:]] == ["off_canvas", "empty", "empty", "empty"]


def test_a_preview_of_something_else_is_flagged_or_rejected(tmp_path: Path) -> None:
    other = {"bytes": png(rendered(design(2)[:1], 100, 80)), "path": None}  # half as large
    path = write(tmp_path / "a.parquet", [row("a", design(1), preview=other)])
    sample = sample_of(path)
    assert sample.document.flags == ["unfaithful"]
    assert sample.document.gold is False
    assert sample.previews["reference"].shape == (80, 100, 4)
    result = outcome(path, options=CurateOptions(blurred_face="ignore"))
    assert isinstance(result, Rejection)
    assert (result.document.stage, result.document.reason) == ("verify", "unfaithful")


def test_a_smaller_preview_as_jpeg_is_compared_at_its_size(tmp_path: Path) -> None:
    data = io.BytesIO()
    whole = Image.fromarray(rendered(design(1), 200, 160)).convert("RGB")
    whole.resize((100, 80), Image.Resampling.BOX).save(data, "JPEG", quality=95)
    sample = sample_of(write(tmp_path / "a.parquet", [row("a", design(1), preview={"bytes": data.getvalue()})]))
    assert sample.fidelity is not None
    assert sample.fidelity.mean < 3


def test_a_preview_that_cannot_be_read_is_flagged(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [row("a", design(1))])
    damaged = [{"bytes": b"\xff\xd8\xffno picture", "path": None}]
    sample = sample_of(changed(path, preview=damaged))
    assert sample.document.flags == ["unreadable_reference"]
    assert sample.fidelity is None


def changed(path: Path, **columns: list[Any]) -> Path:
    """A file with other values, of the types that the dataset has."""
    table = pq.read_table(path)
    for name, values in columns.items():
        index = table.schema.get_field_index(name)
        table = table.set_column(index, table.schema.field(name), pa.array(values, table.schema.field(name).type))
    pq.write_table(table, path)
    return path


def bomb(side: int) -> bytes:
    """A PNG's header that claims a picture of so many pixels a side."""
    data = bytearray(png(np.zeros((1, 1, 4), np.uint8)))
    data[16:24] = side.to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


_PICTURES = [png(one.rgba) for one in design(1)]


@pytest.mark.parametrize(
    ("values", "reason", "message"),
    [
        ({"angle": [[0, math.nan, 0, 0]]}, "damaged_file", "element 1: degrees is nan"),
        ({"left": [[0, 0, math.inf, 0]]}, "damaged_file", "element 2: left is inf"),
        ({"width": [[9, 9, 9, -9]]}, "damaged_file", "element 3: width is -9.0, a negative size"),
        ({"opacity": [[1, 7, 1, 1]]}, "damaged_file", "element 1: opacity is 7.0"),
        ({"top": [[0, None, 0, 0]]}, "damaged_file", "element 1: top is null"),
        ({"height": [[9, 9, 9]]}, "damaged_file", "it has 4 images, but 3 values of height"),
        ({"left": [None]}, "damaged_file", "it has 4 images, but 0 values of left"),
        ({"image": [[]]}, "no_layers", "no elements"),
        ({"image": [[{"path": "../../etc/passwd"}] * 4]}, "damaged_file", "element 0: it has no picture"),
        ({"image": [[{"bytes": b"GIF89a"}] * 4]}, "unusable_picture", "the picture of element 0: is neither a PNG"),
        ({"image": [[{"bytes": one[:90]} for one in _PICTURES]]}, "unusable_picture", "cannot be decoded"),
        ({"image": [[{"bytes": bomb(29_000)}] * 4]}, "unusable_picture", "29000 x 29000 px is too large"),
        ({"canvas_width": [0]}, "damaged_file", "canvas_width is 0"),
        ({"canvas_width": [-5]}, "damaged_file", "canvas_width is -5"),
        ({"canvas_width": [None]}, "damaged_file", "canvas_width is None"),
        ({"canvas_height": [2**40]}, "canvas_too_large", "a side may have 30,000"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused(
    tmp_path: Path, values: dict[str, list[Any]], reason: str, message: str
) -> None:
    result = outcome(changed(write(tmp_path / "a.parquet", [row("a", design(1))]), **values))
    assert isinstance(result, Rejection)
    assert result.document.reason == reason
    assert message in (result.document.message or "")
    assert result.document.key is not None


def test_ten_thousand_elements_are_too_many(tmp_path: Path) -> None:
    dot = Drawn(disc((1, 2, 3), 2), 1, 1, 2, 2)
    path = write(tmp_path / "a.parquet", [row("a", [dot]) | lists(dot, 10_000)])
    result = outcome(path)
    assert (result.document.reason, result.document.message) == (
        "too_many_layers",
        "10,000 elements; the limit is 2,000",
    )


def lists(one: Drawn, count: int) -> dict[str, list[Any]]:
    return {name: values * count for name, values in row("a", [one]).items() if isinstance(values, list)}


def test_elements_that_cover_too_much_together_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [row("a", design(1))])
    result = outcome(path, options=CurateOptions(max_layer_px=32_000 + 1))
    assert result.document.reason == "too_many_pixels"


def test_a_row_of_too_many_bytes_is_refused(drawn: Path) -> None:
    result = outcome(drawn, options=CurateOptions(max_file_bytes=1_000))
    assert (result.document.reason, result.document.message) == ("file_too_large", "a row of more than 1,000 bytes")


def test_rows_are_read_in_any_order(drawn: Path) -> None:
    rows = Rows(str(drawn))
    names = []
    for number in (2, 0, 1, 1, 2):
        values = rows.row(number, 1 << 30)
        assert values is not None
        names.append(values["id"])
    assert names == ["id2", "id0", "id1", "id1", "id2"]
    assert list(rows.ids()) == ["id0", "id1", "id2"]
    with pytest.raises(DamagedRows, match="row 3 is asked for, and the file has 3"):
        rows.row(3, 1 << 30)


def test_the_hash_of_a_row_is_of_what_it_holds_and_not_of_its_name(tmp_path: Path) -> None:
    one, moved = design(1), design(1)
    moved[1] = Drawn(moved[1].rgba, 21, 30, 90, 60, moved[1].angle)
    rows = [row("a", one), row("b", one, title="Design a"), row("c", moved, title="Design a")]
    rows[2]["preview"] = rows[0]["preview"]
    path = write(tmp_path / "a.parquet", rows)
    hashes = [CrelloRow(Rows(str(path)), number).sha256(1 << 30) for number in range(3)]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"id": ["a"]}), "it has no column canvas_width, canvas_height, left, top, width, height, image"),
        (pa.table({"uri": ["a"]}), "no rows of the Crello dataset"),
    ],
)
def test_other_columns_are_named(tmp_path: Path, table: pa.Table, message: str) -> None:
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=message):
        Rows(str(tmp_path / "a.parquet"))


def test_a_column_of_another_type_is_named(drawn: Path, tmp_path: Path) -> None:
    table = pq.read_table(drawn)
    index = table.schema.get_field_index("left")
    pq.write_table(table.set_column(index, "left", pa.array(["a"] * 3)), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="the column left is of type string"):
        Rows(str(tmp_path / "a.parquet"))


def test_class_labels_without_their_names_are_not_taken_for_pixels(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [relative(row("a", design(1)))], version=4)
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    with pytest.raises(ValueError, match="whether the canvas is pixels or class labels"):
        Rows(str(path))


def test_what_is_no_parquet_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(99))
    with pytest.raises(DamagedRows):
        Rows(str(tmp_path / "a.parquet"))


def test_a_page_that_is_damaged_rejects_its_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [row("a", [Drawn(noise(1, 90, 60), 0, 0, 90, 60)])])
    data = bytearray(path.read_bytes())
    start = data.index(b"\x89PNG") - 60
    data[start : start + 40] = b"\xff" * 40
    path.write_bytes(data)
    result = outcome(path)
    assert result.document.reason == "damaged_file"
    assert "the row cannot be read" in (result.document.message or "")
