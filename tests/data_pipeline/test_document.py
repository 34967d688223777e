"""Opening: what is refused, with its reason, before anything is decoded."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from psd_tools import PSDImage
from psd_tools.constants import Tag
from psd_tools.psd import PSD

from data_pipeline.document import Document, Refusal, open_document
from data_pipeline.drawing import Group, Pixels, Text, draw_bytes
from schemas.options import CurateOptions
from schemas.reasons import Reason

_SQUARE = Pixels(rgba=np.full((8, 8, 4), 255, np.uint8))


def refusal(data: bytes, **options: int) -> Refusal:
    result = open_document(io.BytesIO(data), CurateOptions(**options))  # type: ignore[arg-type]
    assert isinstance(result, Refusal)
    return result


def header(width: int, height: int, version: int = 1) -> bytes:
    return struct.pack(">4sH6xHIIHH", b"8BPS", version, 3, height, width, 8, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY_FILE),
        (b"GIF89a and so on, no Photoshop file", Reason.NOT_A_PSD),
        (b"8BPS", Reason.DAMAGED_FILE),
        (b"8BPS" + bytes(22), Reason.DAMAGED_FILE),
        (header(20, 20), Reason.DAMAGED_FILE),
        (header(30_000, 30_000), Reason.CANVAS_TOO_LARGE),
        (header(300_000, 10, 2), Reason.CANVAS_TOO_LARGE),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(data: bytes, reason: Reason) -> None:
    assert refusal(data).reason == reason


@pytest.mark.parametrize("length", [26, 30, 34, 60, 100, 200, 400])
def test_a_truncated_file_is_damaged(length: int) -> None:
    assert refusal(draw_bytes(16, 16, [_SQUARE])[:length]).reason == Reason.DAMAGED_FILE


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    result = open_document(tmp_path / "none.psd", CurateOptions())
    assert isinstance(result, Refusal)
    assert result.reason == Reason.UNREADABLE


def test_a_flat_picture_has_no_layers() -> None:
    file = io.BytesIO()
    PSDImage.new("RGB", (8, 8)).save(file)
    assert refusal(file.getvalue()).reason == Reason.NO_LAYERS


def test_too_many_layers_are_refused() -> None:
    data = draw_bytes(16, 16, [_SQUARE, Group(layers=(_SQUARE, _SQUARE))])
    assert refusal(data, max_nodes=3).reason == Reason.TOO_MANY_LAYERS
    assert isinstance(open_document(io.BytesIO(data), CurateOptions(max_nodes=4)), Document)


def test_too_many_layer_pixels_are_refused() -> None:
    data = draw_bytes(16, 16, [_SQUARE] * 3)
    assert refusal(data, max_layer_px=3 * 64 - 1).reason == Reason.TOO_MANY_PIXELS
    assert isinstance(open_document(io.BytesIO(data), CurateOptions(max_layer_px=3 * 64)), Document)


def test_a_bomb_of_layers_is_refused_before_it_is_decoded() -> None:
    """200 layers of 8000 x 8000 in a file of some kilobytes."""
    bomb = PSD.frombytes(draw_bytes(16, 16, [_SQUARE] * 200, stored=np.zeros((16, 16, 4), np.uint8)))
    for record in bomb.layer_and_mask_information.layer_info.layer_records:
        record.right = record.bottom = 8000
    data = bomb.tobytes()
    assert len(data) < 100_000
    assert refusal(data).reason == Reason.TOO_MANY_PIXELS


def test_groups_nested_too_deeply_are_refused() -> None:
    tree = Group(layers=(_SQUARE,))
    for _ in range(64):
        tree = Group(layers=(tree,))
    assert refusal(draw_bytes(16, 16, [tree], stored=np.zeros((16, 16, 4), np.uint8))).reason == Reason.DAMAGED_FILE


def test_the_text_engine_is_not_parsed() -> None:
    data = draw_bytes(16, 16, [Text(text="hello", rgba=np.full((8, 8, 4), 255, np.uint8))])
    document = open_document(io.BytesIO(data), CurateOptions())
    assert isinstance(document, Document)
    assert isinstance(document.psd[0].tagged_blocks[Tag.TYPE_TOOL_OBJECT_SETTING].data, bytes)
