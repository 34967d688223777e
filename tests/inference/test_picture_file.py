"""Pictures that people give, of every kind, and files that are none."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from inference.picture_file import read_picture


def test_a_png_is_read_as_it_is_without_what_hides(tmp_path: Path) -> None:
    rgba = np.random.default_rng(0).integers(1, 256, (5, 7, 4), np.uint8)
    rgba[0, 0] = (9, 9, 9, 0)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    read = read_picture(tmp_path / "a.png")
    assert read[0, 0].tolist() == [0, 0, 0, 0]
    assert np.array_equal(read[1:], rgba[1:])


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGB"])
def test_other_modes_become_rgba(tmp_path: Path, mode: str) -> None:
    Image.new("RGB", (4, 3), (255, 255, 255)).convert(mode).save(tmp_path / "a.png")
    assert (read_picture(tmp_path / "a.png") == 255).all()


def test_a_photograph_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (8, 4)).save(tmp_path / "a.jpg", exif=exif)
    assert read_picture(tmp_path / "a.jpg").shape == (8, 4, 4)


def test_a_profile_is_applied(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    picture = Image.new("RGBA", (2, 2), (200, 100, 50, 128))
    picture.save(tmp_path / "same.png", icc_profile=srgb.tobytes())
    assert np.abs(read_picture(tmp_path / "same.png").astype(int) - (200, 100, 50, 128)).max() <= 1
    picture.save(tmp_path / "damaged.png", icc_profile=b"no profile")
    assert (read_picture(tmp_path / "damaged.png") == (200, 100, 50, 128)).all()


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"text\.png is no PNG or JPEG or WEBP picture"):
        read_picture(tmp_path / "text.png")
    with pytest.raises(ValueError, match=r"none\.png cannot be read: No such file"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(ValueError, match="cannot be read"):
        read_picture(tmp_path)


def test_a_truncated_picture_is_named(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)).save(out, "PNG")
    (tmp_path / "cut.png").write_bytes(out.getvalue()[:1000])
    with pytest.raises(ValueError, match=r"cut\.png cannot be read"):
        read_picture(tmp_path / "cut.png")


@pytest.mark.parametrize("size", [(30_001, 1), (20_000, 20_000)])
def test_a_gigantic_picture_is_not_decoded(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("1", (1, 1)).save(tmp_path / "huge.png")
    png = bytearray((tmp_path / "huge.png").read_bytes())
    png[16:24] = struct.pack(">II", *size)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    (tmp_path / "huge.png").write_bytes(png)
    with pytest.raises(ValueError, match=r"huge\.png is .*limit is"):
        read_picture(tmp_path / "huge.png")


def test_sixteen_bits_and_animations_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((3, 3), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(ValueError, match=r"deep\.png has more than 8 bits"):
        read_picture(tmp_path / "deep.png")
    frames = [Image.new("RGB", (3, 3), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "two.webp", save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match=r"two\.webp is an animation"):
        read_picture(tmp_path / "two.webp")
