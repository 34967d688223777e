"""What is stored in, a picture as a model is shown it out: decoded when somebody looks, and then once.

Who asks about a picture that was asked about before needs its name alone, and a server may get it as it is stored.
"""

import hashlib
import io
from collections.abc import Callable
from functools import cached_property

import numpy as np
from PIL import Image

_LOSSLESS = b"VP8L"  # the kind of a WebP file that holds one lossless picture and nothing else
_KIND, _ALPHA, _ALPHA_BIT = slice(12, 16), 24, 1 << 4  # the latter says whether any pixel is not opaque


class Picture:
    """`pixels` are uint8 RGB [height, width, 3]. Pictures of one name have the same pixels."""

    def __init__(self, made: Callable[[], np.ndarray], name: str = "", stored: Callable[[], bytes] = bytes) -> None:
        """`name` is a hash of what decides the pixels; without it, it is one of themselves. `stored` gives a file of
        the same pixels that a server may be sent, if there is one."""
        self._made = made
        self._name = name
        self._stored = stored

    def __reduce__(self) -> tuple[object, ...]:
        """To another process go the pixels themselves."""
        return picture_of, (self.pixels, self.name)

    @cached_property
    def pixels(self) -> np.ndarray:
        return self._made()

    @cached_property
    def name(self) -> str:
        return self._name or _hash(self.pixels)

    @cached_property
    def webp(self) -> bytes:
        """As it is stored, if that is an opaque lossless WebP; else empty."""
        stored = self._stored()
        return stored if is_opaque_webp(stored) else b""

    @cached_property
    def png(self) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(self.pixels).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()


def picture_of(rgb: np.ndarray, name: str = "") -> Picture:
    """Of pixels that are at hand."""
    return Picture(lambda: rgb, name)


def is_opaque_webp(data: bytes) -> bool:
    """Of a lossless one without anything besides."""
    is_lossless = data[:4] == b"RIFF" and data[_KIND] == _LOSSLESS and len(data) > _ALPHA
    return is_lossless and not data[_ALPHA] & _ALPHA_BIT


def _hash(rgb: np.ndarray) -> str:
    digest = hashlib.sha256(f"{rgb.shape}".encode())
    digest.update(np.ascontiguousarray(rgb).data)
    return digest.hexdigest()
