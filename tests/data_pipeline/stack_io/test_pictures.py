"""Every kind of PNG and WebP has one exact reading as RGBA, or is refused by name before it costs anything."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from data_pipeline.stack_io.pictures import Decoder

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def png(width, height, depth, colour, rows, **chunks):
    """A PNG by hand (ISO/IEC 15948): `rows` are packed samples, each row a bytes object."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    extra = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    body = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + head + extra + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "pixels"),
    [
        (png(2, 1, 8, RGBA, [bytes([1, 2, 3, 4, 5, 6, 7, 0])]), [(1, 2, 3, 4), (5, 6, 7, 0)]),
        (png(2, 1, 8, RGB, [bytes([1, 2, 3, 4, 5, 6])]), [(1, 2, 3, 255), (4, 5, 6, 255)]),
        (png(2, 1, 8, RGB, [b"\1\2\3\4\5\6"], tRNS=b"\0\4\0\5\0\6"), [(1, 2, 3, 255), (4, 5, 6, 0)]),
        (png(2, 1, 8, GREY, [bytes([7, 9])]), [(7, 7, 7, 255), (9, 9, 9, 255)]),
        (png(2, 1, 8, GREY, [bytes([7, 9])], tRNS=bytes([0, 7])), [(7, 7, 7, 0), (9, 9, 9, 255)]),
        (png(1, 1, 8, GREY_ALPHA, [bytes([7, 9])]), [(7, 7, 7, 9)]),
        (png(4, 1, 1, GREY, [bytes([0b01100000])]), [(0, 0, 0, 255), (255,) * 4, (255,) * 4, (0, 0, 0, 255)]),
        (png(2, 1, 1, GREY, [bytes([0b01000000])], tRNS=bytes([0, 1])), [(0, 0, 0, 255), (255, 255, 255, 0)]),
        (png(2, 1, 2, GREY, [bytes([0b01100000])]), [(85, 85, 85, 255), (170, 170, 170, 255)]),
        (png(2, 1, 2, GREY, [bytes([0b01100000])], tRNS=bytes([0, 2])), [(85, 85, 85, 255), (170, 170, 170, 0)]),
        (png(2, 1, 4, GREY, [bytes([0x1E])], tRNS=bytes([0, 1])), [(17, 17, 17, 0), (238, 238, 238, 255)]),
        (
            png(3, 1, 2, PALETTE, [bytes([0b00011000])], PLTE=bytes(range(1, 10)), tRNS=b"\xff\x80"),
            [(1, 2, 3, 255), (4, 5, 6, 128), (7, 8, 9, 255)],
        ),
        (
            png(2, 1, 8, PALETTE, [bytes([1, 0])], PLTE=bytes([1, 2, 3, 4, 5, 6]), tRNS=bytes([0])),
            [(4, 5, 6, 255), (1, 2, 3, 0)],
        ),
    ],
)  # fmt: skip
def test_a_png_of_up_to_8_bits_is_read_exactly(data, pixels):
    np.testing.assert_array_equal(Decoder().decode("a.png", data)[0], pixels)


@pytest.mark.parametrize("colour", [GREY, RGB, GREY_ALPHA, RGBA])
def test_16_bits_are_refused_by_name(colour):
    samples = {GREY: 1, RGB: 3, GREY_ALPHA: 2, RGBA: 4}[colour]
    with pytest.raises(ValueError, match=r"a\.png: has 16 bits"):
        Decoder().decode("a.png", png(1, 1, 16, colour, [bytes(2 * samples)]))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_lossless_webp_is_read_exactly(mode):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, len(mode)), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "WEBP", lossless=True, exact=True)
    read = Decoder().decode("a.webp", out.getvalue())
    np.testing.assert_array_equal(read[..., : len(mode)], pixels)
    assert mode == "RGBA" or (read[..., 3] == 255).all()


def animation(form):
    out = io.BytesIO()
    frames = [Image.new("RGBA", (2, 2), colour) for colour in ("red", "blue")]
    frames[0].save(out, form, save_all=True, append_images=frames[1:])
    return out.getvalue()


def saved(form):
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, form)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (animation("PNG"), "is an animation"),
        (animation("WEBP"), "is an animation"),
        (saved("JPEG"), "neither a PNG nor a WebP"),
        (b"", "neither a PNG nor a WebP"),
        (png(9, 9, 8, RGB, [bytes(range(k, k + 27)) for k in range(9)])[:80], "cannot be decoded"),
        (png(40_000, 1, 1, GREY, [bytes(5000)]), "too large"),
        (png(20_000, 20_000, 1, GREY, []), "too large"),
    ],
)
def test_what_is_no_picture_of_a_layer_is_refused_by_name(data, message):
    with pytest.raises(ValueError, match=f"layer 7: .*{message}"):
        Decoder().decode("layer 7", data)


def test_pictures_of_one_stack_are_counted_together():
    bomb = png(14_000, 14_000, 1, GREY, [])
    decoder = Decoder()
    for _ in range(7):
        with pytest.raises(ValueError, match="cannot be decoded"):
            decoder.decode("a.png", bomb)
    with pytest.raises(ValueError, match="more than 1,500,000,000 px"):
        decoder.decode("a.png", bomb)
