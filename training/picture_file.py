"""A PNG, JPEG or WebP that others stored in; its size from its first bytes, or its pixels, out.

What a file is, its bytes say, not its name. A JPEG is turned upright as its EXIF asks; embedded colour profiles are not
applied; of an animation the first picture counts; of 16 bits the upper eight.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from data_pipeline.stack_io.images import pixels_of
from data_pipeline.stack_io.pictures import check_canvas

HEAD_BYTES = 1 << 16  # in which nearly every file tells its size
_DAMAGE = (OSError, SyntaxError, EOFError)  # what Pillow raises for a file that is not what it says
_LYING = (5, 6, 7, 8)  # EXIF orientations in which rows are columns
_VP8X_ALPHA = 0x10


@dataclass(frozen=True)
class Head:
    """`width` and `height` are of the upright picture. `opaque`: the file has no alpha; where it has one that is 255
    everywhere, only a lossless WebP says so here."""

    width: int
    height: int
    opaque: bool


def read_head(data: bytes) -> Head:
    """Of a file's first bytes. ValueError where they are of no picture, do not reach, or its size is beyond a PSD's."""
    head = _webp_head(data) if _is_webp(data) else _pillow_head(data)
    check_canvas(head.width, head.height)
    return head


def decode_picture(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """uint8 straight RGBA [height, width, 4]; ValueError for any size but (width, height), or a damaged file."""
    head = read_head(data)
    if (head.width, head.height) != size:
        raise ValueError(f"a picture is {head.width} x {head.height} px where {size[0]} x {size[1]} px are due")
    try:
        with _opened(data) as picture:
            if picture.mode.startswith("I"):
                return pixels_of(Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)))
            if picture.format == "JPEG":
                ImageOps.exif_transpose(picture, in_place=True)
            picture.load()
            return pixels_of(picture)
    except _DAMAGE as error:
        raise ValueError(f"a picture cannot be decoded: {error}") from error


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _opened(data: bytes) -> Image.Image:
    """Not `Image.open`, which tries every format and has a limit of its own on pixels."""
    if _is_webp(data):
        return WebPImagePlugin.WebPImageFile(io.BytesIO(data))
    if data.startswith(b"\x89PNG"):
        return PngImagePlugin.PngImageFile(io.BytesIO(data))
    if data.startswith(b"\xff\xd8"):
        return JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    raise ValueError("a picture is neither a PNG nor a JPEG nor a WebP")


def _pillow_head(data: bytes) -> Head:
    try:
        with _opened(data) as picture:
            width, height = picture.size
            if picture.format == "JPEG" and picture.getexif().get(ExifTags.Base.Orientation) in _LYING:
                width, height = height, width
            return Head(width, height, "A" not in picture.getbands() and "transparency" not in picture.info)
    except _DAMAGE as error:
        raise ValueError(f"a picture has no readable size: {error}") from error


def _webp_head(data: bytes) -> Head:
    """As the container's specification lays them out; Pillow asks for the whole file."""
    kind, body = data[12:16], data[20:]
    if len(body) < 10:
        raise ValueError("a picture has no readable size: it ends in its header")
    if kind == b"VP8L":  # 0x2f; 14 bits of width - 1, 14 of height - 1, one that is 0 where every alpha is 255
        bits = int.from_bytes(body[1:5], "little")
        return Head((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, not bits >> 28 & 1)
    if kind == b"VP8 ":
        return Head(int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF, True)
    if kind == b"VP8X":
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        return Head(width, height, not body[0] & _VP8X_ALPHA)
    raise ValueError(f"a picture has no readable size: a WebP that begins with {kind!r}")
