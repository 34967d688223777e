"""A file's first bytes tell its size as Pillow finds it in the whole; pictures come upright and exact."""

import io

import numpy as np
import pytest
from PIL import Image

from training.picture_file import decode_picture, read_head


def encoded(mode, kind, size=(50, 30), **options):
    levels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 4), np.uint8)
    picture = Image.fromarray(levels).convert(mode)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue(), picture


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("RGB", "PNG", {}), ("RGBA", "PNG", {}), ("P", "PNG", {}), ("L", "PNG", {}), ("LA", "PNG", {}),
        ("P", "PNG", {"transparency": 3}), ("RGB", "JPEG", {}), ("L", "JPEG", {}), ("CMYK", "JPEG", {}),
        ("RGB", "WEBP", {"quality": 50}), ("RGBA", "WEBP", {"quality": 50}), ("RGB", "WEBP", {"lossless": True}),
        ("RGBA", "WEBP", {"lossless": True}), ("RGBA", "WEBP", {"lossless": True, "icc_profile": b"x" * 70_000}),
    ],
)  # fmt: skip
def test_the_head_tells_the_size_and_whether_there_is_alpha(mode, kind, options):
    data, picture = encoded(mode, kind, **options)
    head = read_head(data[:20_000])
    assert (head.width, head.height) == picture.size
    assert head.opaque == (decode_picture(data, picture.size)[..., 3].min() == 255)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_lossless_pictures_come_back_exactly(mode):
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True})):
        data, picture = encoded(mode, kind, **options)
        np.testing.assert_array_equal(decode_picture(data, picture.size), np.asarray(picture.convert("RGBA")))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_that_lies_on_its_side_is_turned_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data, _ = encoded("L", "JPEG", size=(48, 16), exif=exif.tobytes())
    size = (16, 48) if orientation > 4 else (48, 16)
    assert (read_head(data).width, read_head(data).height) == size
    plain = decode_picture(encoded("L", "JPEG", size=(48, 16))[0], (48, 16))[..., 0]
    upright = {  # as the EXIF standard says which side of the picture row 0 and column 0 are
        1: plain, 2: plain[:, ::-1], 3: plain[::-1, ::-1], 4: plain[::-1],
        5: plain.T, 6: plain[::-1].T, 7: plain[::-1, ::-1].T, 8: plain.T[::-1],
    }  # fmt: skip
    np.testing.assert_array_equal(decode_picture(data, size)[..., 0], upright[orientation])


def test_sixteen_bits_become_the_upper_eight():
    levels = np.arange(0, 65536, 64, dtype=np.uint16).reshape(32, 32)
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "PNG")
    np.testing.assert_array_equal(decode_picture(out.getvalue(), (32, 32))[..., 0], levels >> 8)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"GIF89a", "neither a PNG nor a JPEG nor a WebP"),
        (b"\x89PNG\r\n", "no readable size"),
        (b"\xff\xd8\xff", "no readable size"),
        (b"RIFF\0\0\0\0WEBPVP8L", "ends in its header"),
        (b"RIFF\0\0\0\0WEBPwhat" + bytes(40), "begins with b'what'"),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(4) + bytes(4) + b"\xff" * 6, "is too large"),
    ],
)
def test_what_is_no_picture_is_told(data, message):
    with pytest.raises(ValueError, match=message):
        read_head(data)


def test_another_size_is_refused_before_anything_is_decoded():
    data, _ = encoded("RGB", "PNG")
    with pytest.raises(ValueError, match="is 50 x 30 px where 50 x 31 px are due"):
        decode_picture(data, (50, 31))


def test_a_picture_that_is_cut_short_is_refused():
    for kind in ("PNG", "JPEG", "WEBP"):
        data, picture = encoded("RGB", kind)
        with pytest.raises(ValueError, match="cannot be decoded"):
            decode_picture(data[: len(data) // 2], picture.size)
