"""A PSD or PSB file -> an open document with its layer tree, pixels still compressed; or a refusal.

The header and the tree are held against the limits before anything is decoded.
"""

import errno
import io
import os
import stat
from dataclasses import dataclass
from typing import BinaryIO

from psd_tools import PSDImage
from psd_tools.api.layers import Layer
from psd_tools.api.utils import EXPECTED_CHANNELS, has_transparency
from psd_tools.constants import ColorMode, Resource
from psd_tools.psd.header import FileHeader

from data_pipeline.lazy_open import lazily_parsed
from data_pipeline.tagged_blocks import resource
from schemas.options import CurateOptions
from schemas.reasons import Reason, Stage

Source = str | os.PathLike[str] | BinaryIO
HEADER_BYTES = 26
_MAX_DEPTH = 64  # of groups; Photoshop stops at 10


@dataclass(frozen=True)
class Refusal:
    """Why a document goes no further."""

    stage: Stage
    reason: Reason
    message: str


@dataclass(frozen=True, eq=False)
class Document:
    """An open PSD. `profile` is its embedded ICC profile, `stored_alpha` the plane of the stored image
    that holds its transparency."""

    psd: PSDImage
    profile: bytes | None
    has_stored_image: bool
    stored_alpha: int | None

    @property
    def width(self) -> int:
        return self.psd.width

    @property
    def height(self) -> int:
        return self.psd.height

    @property
    def color_mode(self) -> ColorMode:
        return ColorMode(self.psd.color_mode)


def read_header(source: Source) -> FileHeader | Refusal:
    """The 26 bytes at the start of every PSD and PSB, held against nothing but the format."""
    try:
        head = _head(source)
    except OSError as error:
        return Refusal(Stage.OPEN, Reason.UNREADABLE, f"{type(error).__name__}: {error.strerror or error}")
    except ValueError as error:  # a path with a NUL
        return Refusal(Stage.OPEN, Reason.UNREADABLE, f"not a path: {error}")
    if not head:
        return Refusal(Stage.OPEN, Reason.EMPTY_FILE, "the file is empty")
    if head[:4] != b"8BPS":
        return Refusal(Stage.OPEN, Reason.NOT_A_PSD, f"it starts with {head[:4]!r}, a PSD with b'8BPS'")
    try:
        return FileHeader.frombytes(head)
    except (OSError, ValueError):
        what = f"its header ({head.hex()}) names a version, size, depth or mode that no PSD has"
        return Refusal(Stage.OPEN, Reason.DAMAGED_FILE, what)


def _head(source: Source) -> bytes:
    if isinstance(source, str | os.PathLike):
        if not stat.S_ISREG(os.stat(source).st_mode):
            raise OSError(errno.EINVAL, "no regular file")  # a device or a pipe may never end
        with open(source, "rb") as file:
            return file.read(HEADER_BYTES)
    source.seek(0)
    head = source.read(HEADER_BYTES)
    source.seek(0)
    return head


def open_document(source: Source, options: CurateOptions) -> Document | Refusal:
    """Parse a document's structure. `source` is a path or a seekable binary file."""
    header = read_header(source)
    if isinstance(header, Refusal):
        return header
    refusal = canvas_refusal(header.width, header.height, options)
    if refusal:
        return refusal
    try:
        with lazily_parsed():
            psd = PSDImage.open(source)
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError) as error:
        # The border to psd-tools: what a damaged file makes it raise is a fact about the file.
        return Refusal(Stage.OPEN, Reason.DAMAGED_FILE, f"{type(error).__name__}: {_first_line(error)}")
    except RecursionError:
        return Refusal(Stage.OPEN, Reason.DAMAGED_FILE, "its groups are nested too deeply")
    return _tree_refusal(psd, options) or Document(
        psd=psd,
        profile=_profile(psd),
        has_stored_image=_has_stored_image(psd),
        stored_alpha=_stored_alpha(psd),
    )


def canvas_refusal(width: int, height: int, options: CurateOptions) -> Refusal | None:
    """Why a canvas of this size goes no further."""
    size = f"{width} x {height}"
    if max(width, height) > options.max_side_px:
        return Refusal(Stage.OPEN, Reason.CANVAS_TOO_LARGE, f"{size} px; a side may have {options.max_side_px:,}")
    if width * height > options.max_canvas_px:
        return Refusal(Stage.OPEN, Reason.CANVAS_TOO_LARGE, f"{size} px; the limit is {options.max_canvas_px:,} px")
    return None


def _tree_refusal(psd: PSDImage, options: CurateOptions) -> Refusal | None:
    count = layer_px = 0
    stack: list[tuple[Layer, int]] = [(layer, 1) for layer in psd]
    while stack:
        layer, depth = stack.pop()
        if depth > _MAX_DEPTH:
            return Refusal(Stage.OPEN, Reason.DAMAGED_FILE, f"groups nested deeper than {_MAX_DEPTH}")
        count += 1
        if count > options.max_nodes:
            return Refusal(Stage.OPEN, Reason.TOO_MANY_LAYERS, f"more than {options.max_nodes:,} layers and groups")
        record = layer._record
        layer_px += record.width * record.height
        if record.mask_data is not None:
            data = record.mask_data
            layer_px += max(0, data.width) * max(0, data.height)
            if None not in (data.real_left, data.real_top, data.real_right, data.real_bottom):
                layer_px += max(0, data.real_right - data.real_left) * max(0, data.real_bottom - data.real_top)
        if layer.kind.endswith("fill") and not layer.has_pixels():
            layer_px += psd.width * psd.height
        if layer_px > options.max_layer_px:
            return Refusal(
                Stage.OPEN, Reason.TOO_MANY_PIXELS, f"its layers hold more than {options.max_layer_px:,} px together"
            )
        if layer.is_group():
            stack.extend((child, depth + 1) for child in layer._layers)
    if count == 0:
        return Refusal(Stage.OPEN, Reason.NO_LAYERS, f"a flat {ColorMode(psd.color_mode).name.lower()} picture")
    return None


def _profile(psd: PSDImage) -> bytes | None:
    profile = resource(psd, Resource.ICC_PROFILE)
    return profile if isinstance(profile, bytes) else None


def _has_stored_image(psd: PSDImage) -> bool:
    version = resource(psd, Resource.VERSION_INFO)
    return bool(getattr(version, "has_composite", True)) and len(psd._record.image_data.data) > 0


def _stored_alpha(psd: PSDImage) -> int | None:
    resource(psd, Resource.ALPHA_IDENTIFIERS)  # has_transparency reads it
    planes = EXPECTED_CHANNELS.get(psd.color_mode)
    if planes is None or not has_transparency(psd) or psd.channels <= planes:
        return None
    return planes


def _first_line(error: BaseException) -> str:
    text = str(error).splitlines()
    return text[0][:300] if text else ""


def file_bytes(source: Source) -> int:
    """Size of the source. Raises OSError where it cannot be read."""
    if isinstance(source, str | os.PathLike):
        return os.stat(source).st_size
    return source.seek(0, io.SEEK_END)
