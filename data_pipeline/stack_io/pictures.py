"""A picture that others stored, PNG or WebP of any kind, in; uint8 straight RGBA out, exact, or one clear refusal.

Grey, palette and RGB pictures of up to 8 bits have one exact reading as RGBA; an embedded colour profile is not
applied. More bits, animations and other formats are refused.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin, WebPImagePlugin

from schemas.options import CurateOptions

LIMITS = CurateOptions()  # a stack may be as large as a PSD may
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTH, _PNG_COLOUR = 24, 25  # bytes of the header that every PNG begins with
_PNG_GREY = 0
_DAMAGE = (OSError, SyntaxError, EOFError)  # what Pillow raises for a file that is not what it says


def check_canvas(width: int, height: int) -> None:
    """Raises ValueError for a canvas that no stack has."""
    if width < 1 or height < 1:
        raise ValueError(f"a canvas of {width} x {height} px has no pixel")
    if max(width, height) > LIMITS.max_side_px or width * height > LIMITS.max_canvas_px:
        limits = f"{LIMITS.max_side_px:,} px a side and {LIMITS.max_canvas_px:,} px in all"
        raise ValueError(f"a canvas of {width} x {height} px is too large: the limit is {limits}")


def read_whole(path: Path) -> bytes:
    """A file of a stack. Raises ValueError where it is larger than a PSD may be, and OSError."""
    if path.stat().st_size > LIMITS.max_file_bytes:
        raise ValueError(f"{path.name}: is larger than {LIMITS.max_file_bytes:,} bytes")
    return path.read_bytes()


class Decoder:
    """Decodes the pictures of one stack. Their sizes are checked before they are decoded, and counted together.

    Every error is a ValueError that begins with the picture's name.
    """

    def __init__(self) -> None:
        self._left_px = LIMITS.max_layer_px

    def decode(self, name: str, data: bytes, size: tuple[int, int] | None = None) -> np.ndarray:
        """uint8 [height, width, 4]; where a size is given, (width, height), no other is decoded."""
        try:
            with _opened(data) as picture:
                width, height = picture.size
                if size is not None and size != (width, height):
                    raise ValueError(f"is {width} x {height} px where {size[0]} x {size[1]} px are due")
                check_canvas(width, height)
                self._left_px -= width * height
                if self._left_px < 0:
                    raise ValueError(f"its stack holds more than {LIMITS.max_layer_px:,} px in all its layers")
                return _rgba(picture, data)
        except _DAMAGE as error:
            raise ValueError(f"{name}: cannot be decoded: {error}") from error
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error


def _opened(data: bytes) -> Image.Image:
    """Not `Image.open`, which tries every format and has a limit of its own on pixels."""
    if data.startswith(_PNG):
        picture: Image.Image = PngImagePlugin.PngImageFile(io.BytesIO(data))
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        picture = WebPImagePlugin.WebPImageFile(io.BytesIO(data))
    else:
        raise ValueError("is neither a PNG nor a WebP")
    if getattr(picture, "n_frames", 1) > 1:
        raise ValueError("is an animation")
    if _png_depth(data) > 8:
        raise ValueError("has 16 bits a channel; a layer has 8: convert it first, so that the rounding is yours")
    return picture


def _rgba(picture: Image.Image, data: bytes) -> np.ndarray:
    clear = picture.info.get("transparency")
    if isinstance(clear, int) and _png_depth(data) < 8 and data[_PNG_COLOUR] == _PNG_GREY:
        # Pillow scales such greys to 8 bits, but of 2 and 4 bits not the one that is transparent.
        grey, most = np.asarray(picture.convert("L")), (1 << _png_depth(data)) - 1
        alpha = np.where(grey == min(clear, most) * (255 // most), np.uint8(0), np.uint8(255))
        return np.dstack([grey, grey, grey, alpha])
    return np.asarray(picture.convert("RGBA"))


def _png_depth(data: bytes) -> int:
    """Bits a sample; of a WebP 8."""
    return data[_PNG_DEPTH] if data.startswith(_PNG) else 8
