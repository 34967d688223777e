import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.reconstruction.pictures import counterparts, cropped, read, sources, truths
from tests.evaluation.drawn_cutouts import cutout


def _save(path: Path, rgba: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgba).save(path)


def _only(folder: Path) -> np.ndarray:
    (source,) = sources(folder)
    return read(source)


def _png(width: int, height: int, depth: int, kind: int, channels: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = bytes(height * (1 + width * channels * depth // 8))
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_a_picture_is_read_as_it_was_written(tmp_path: Path) -> None:
    _save(tmp_path / "a.png", cutout(20, 30))
    assert np.array_equal(_only(tmp_path), cutout(20, 30))


def test_names_and_groups_are_those_of_the_folders(tmp_path: Path) -> None:
    for place in ("top.png", "animal/cat.PNG", "animal/dog.webp"):
        _save(tmp_path / place, cutout(12, 12))
    assert [(one.name, one.group) for one in sources(tmp_path)] == [
        ("animal/cat", "animal"), ("animal/dog", "animal"), ("top", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB"])
def test_what_has_no_alpha_is_opaque(mode: str, tmp_path: Path) -> None:
    Image.fromarray(cutout(20, 30)[..., :3]).convert(mode).save(tmp_path / "a.png")
    assert _only(tmp_path)[..., 3].min() == 255


def test_a_palette_keeps_its_transparency(tmp_path: Path) -> None:
    image = Image.fromarray(cutout(20, 30)[..., 0] // 64, "P")
    image.putpalette([9, 9, 9, 50, 60, 70, 200, 0, 0, 0, 200, 0])
    image.save(tmp_path / "a.png", transparency=0)
    rgba = _only(tmp_path)
    assert set(np.unique(rgba[..., 3])) == {0, 255}
    assert np.array_equal(rgba[..., 3] == 0, cutout(20, 30)[..., 0] // 64 == 0)


@pytest.mark.parametrize(("kind", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_are_refused_by_name(kind: int, channels: int, tmp_path: Path) -> None:
    (tmp_path / "deep.png").write_bytes(_png(4, 4, 16, kind, channels))
    with pytest.raises(ValueError, match=r"deep\.png.*16 bits"):
        sources(tmp_path)


@pytest.mark.parametrize("data", [b"", b"no picture", _png(4, 4, 8, 6, 4)[:20], b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_damaged_header_is_refused_by_name(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(data)
    with pytest.raises(ValueError, match=r"broken\.png"):
        sources(tmp_path)


def test_damaged_pixels_are_refused_by_name(tmp_path: Path) -> None:
    _save(tmp_path / "cut.png", cutout(200, 200))
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:900])
    (source,) = sources(tmp_path)
    with pytest.raises(ValueError, match=r"cut\.png"):
        read(source)


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "huge.png").write_bytes(
        _png(1, 1, 8, 6, 4).replace(struct.pack(">II", 1, 1), struct.pack(">II", 9000, 9000))
    )
    with pytest.raises(ValueError, match=r"huge\.png"):
        sources(tmp_path)


def test_a_picture_that_would_grow_beyond_measure_is_refused(tmp_path: Path) -> None:
    _save(tmp_path / "thread.png", cutout(5000, 1))
    with pytest.raises(ValueError, match=r"thread\.png would be resized"):
        truths(tmp_path, 1024)


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_pictures_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match=name):
        sources(tmp_path / name)


def test_two_pictures_of_one_name_are_refused(tmp_path: Path) -> None:
    _save(tmp_path / "a.png", cutout(12, 12))
    _save(tmp_path / "a.webp", cutout(12, 12))
    with pytest.raises(ValueError, match="one name"):
        sources(tmp_path)


def test_a_picture_of_the_cropped_size_is_left_as_it_is() -> None:
    picture = cutout(64, 64)
    assert np.array_equal(cropped(picture, 64), picture)


@pytest.mark.parametrize(("width", "height"), [(100, 50), (50, 100), (20, 47), (64, 65)])
def test_the_crop_is_a_square_from_the_middle(width: int, height: int) -> None:
    """A picture that differs only along its long side keeps its middle in the middle."""
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., 3] = 255
    ramp = np.abs(np.arange(max(width, height)) - (max(width, height) - 1) / 2)
    picture[..., 0] = ramp if width > height else ramp[:, None]
    square = cropped(picture, 32)[..., 0].astype(int)
    assert square.shape == (32, 32)
    line = square[16] if width > height else square[:, 16]
    assert abs(int(np.argmin(line)) - 15.5) <= 1.5
    assert abs(line[0] - line[-1]) <= 3


def test_hidden_colour_does_not_bleed_into_edges_when_resized() -> None:
    picture = np.zeros((90, 90, 4), np.uint8)
    picture[:, :45] = (255, 255, 255, 255)
    picture[:, 45:] = (255, 0, 0, 0)
    small = cropped(picture, 31)
    edge = small[(small[..., 3] > 8) & (small[..., 3] < 255)]
    assert edge.size
    assert edge[:, :3].min() > 240


def test_a_reconstruction_has_its_truths_name(tmp_path: Path) -> None:
    for place in ("truth/x/a.png", "truth/x/b.png", "pred/x/a.webp", "pred/x/recon_b.png", "pred/more.png"):
        _save(tmp_path / place, cutout(16, 16))
    found = counterparts(truths(tmp_path / "truth", 16), tmp_path / "pred", 16)
    assert {name: one.path.name for name, one in found.items()} == {"x/a": "a.webp", "x/b": "recon_b.png"}


def test_a_missing_reconstruction_is_named(tmp_path: Path) -> None:
    for place in ("truth/a.png", "truth/b.png", "pred/a.png"):
        _save(tmp_path / place, cutout(16, 16))
    with pytest.raises(ValueError, match=r"no reconstruction of .*b\.png"):
        counterparts(truths(tmp_path / "truth", 16), tmp_path / "pred", 16)


def test_two_reconstructions_of_one_truth_are_named(tmp_path: Path) -> None:
    for place in ("truth/a.png", "pred/a.png", "pred/recon_a.png"):
        _save(tmp_path / place, cutout(16, 16))
    with pytest.raises(ValueError, match="both reconstructions"):
        counterparts(truths(tmp_path / "truth", 16), tmp_path / "pred", 16)


def test_a_reconstruction_of_another_size_is_named(tmp_path: Path) -> None:
    _save(tmp_path / "truth/a.png", cutout(40, 30))
    _save(tmp_path / "pred/a.png", cutout(40, 30))
    with pytest.raises(ValueError, match=r"a\.png is 40x30 px; a reconstruction is 16x16 px"):
        counterparts(truths(tmp_path / "truth", 16), tmp_path / "pred", 16)
