"""The bytes of a sound PSD or PSB in, the places of its fields out: what a mutation aims at.

Follows Adobe's file format and shares no code with psd-tools.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Descriptor types whose next bytes are a count, a length or a number: items, characters, doubles.
_DESCRIPTOR = re.compile(rb"Objc|VlLs|ObAr|doub|UntF|UnFl|enum|long|bool|TEXT|tdta|obj |GlbO")
_WIDE_KEYS = {b"LMsk", b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2", b"FEid",
              b"FXid", b"PxSD"}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A big-endian field of `size` bytes."""

    name: str
    offset: int
    size: int


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def field(self, name: str, size: int) -> tuple[Field, int]:
        """The next field, and its unsigned value; the cursor moves behind it."""
        field = Field(name, self.at, size)
        self.at += size
        return field, int.from_bytes(self.data[field.offset : self.at], "big")


def fields(data: bytes) -> list[Field]:
    """Every field that sets a size, a count, a place or a kind; of a file too odd to follow, the header's alone."""
    found = [
        Field("version", 4, 2),
        Field("channels", 12, 2),
        Field("height", 14, 4),
        Field("width", 18, 4),
        Field("depth", 22, 2),
        Field("mode", 24, 2),
    ]
    found.extend(_sections(_Cursor(data)))
    return [field for field in found if field.offset + field.size <= len(data)]


def _sections(cursor: _Cursor) -> Iterator[Field]:
    wide = 8 if cursor.data[4:6] == b"\0\2" else 4
    cursor.at = 26
    for name in ("colour mode data", "image resources"):
        field, length = cursor.field(f"length of {name}", 4)
        yield field
        if name == "image resources":
            yield from _resources(cursor, cursor.at + length)
        cursor.at = field.offset + 4 + length
    field, length = cursor.field("length of layers and masks", wide)
    yield field
    end = cursor.at + length
    if length:
        yield from _layers_and_masks(cursor, end, wide)
    cursor.at = end
    yield cursor.field("compression of the stored image", 2)[0]


def _resources(cursor: _Cursor, end: int) -> Iterator[Field]:
    while cursor.at + 12 <= end:
        yield cursor.field("signature of a resource", 4)[0]
        yield cursor.field("id of a resource", 2)[0]
        field, length = cursor.field("name of a resource", 1)
        yield field
        cursor.at += length | 1
        field, length = cursor.field("length of a resource", 4)
        yield field
        cursor.at += length + length % 2


def _layers_and_masks(cursor: _Cursor, end: int, wide: int) -> Iterator[Field]:
    field, length = cursor.field("length of layer info", wide)
    yield field
    after = cursor.at + length
    if length:
        yield from _layer_info(cursor, after, wide)
    cursor.at = after
    field, length = cursor.field("length of the global mask", 4)
    yield field
    cursor.at += length
    yield from _blocks(cursor, end, wide, padding=4)


def _layer_info(cursor: _Cursor, end: int, wide: int) -> Iterator[Field]:
    field, count = cursor.field("layer count", 2)
    yield field
    count = abs(count - (1 << 16) if count >= 1 << 15 else count)
    lengths: list[int] = []
    for _ in range(count):
        yield from _record(cursor, wide, lengths)
    for length in lengths:
        if cursor.at + 2 > end:
            return
        field, _ = cursor.field("compression of a channel", 2)
        yield field
        if length > 4:
            yield Field("length of the first row", cursor.at, 2)
        cursor.at = field.offset + length


def _record(cursor: _Cursor, wide: int, lengths: list[int]) -> Iterator[Field]:
    for side in ("top", "left", "bottom", "right"):
        yield cursor.field(f"{side} of a layer", 4)[0]
    field, channels = cursor.field("channels of a layer", 2)
    yield field
    for _ in range(channels):
        yield cursor.field("id of a channel", 2)[0]
        field, length = cursor.field("length of a channel", wide)
        yield field
        lengths.append(length)
    for name, size in (("signature", 4), ("blend mode", 4), ("opacity", 1), ("clipping", 1), ("flags", 1)):
        yield cursor.field(f"{name} of a layer", size)[0]
    cursor.at += 1
    field, length = cursor.field("length of extra data", 4)
    yield field
    end = cursor.at + length
    field, length = cursor.field("length of mask data", 4)
    yield field
    after = cursor.at + length
    if length:
        for side in ("top", "left", "bottom", "right"):
            yield cursor.field(f"{side} of a mask", 4)[0]
        yield cursor.field("default of a mask", 1)[0]
        yield cursor.field("flags of a mask", 1)[0]
    cursor.at = after
    field, length = cursor.field("length of blending ranges", 4)
    yield field
    cursor.at += length
    field, length = cursor.field("length of a name", 1)
    yield field
    cursor.at = field.offset + (length + 4) // 4 * 4
    yield from _blocks(cursor, end, wide, padding=1)
    cursor.at = end


def _blocks(cursor: _Cursor, end: int, wide: int, padding: int) -> Iterator[Field]:
    while cursor.at + 12 <= end and cursor.data[cursor.at : cursor.at + 4] in (b"8BIM", b"8B64"):
        yield cursor.field("signature of a block", 4)[0]
        yield cursor.field("key of a block", 4)[0]
        key = cursor.data[cursor.at - 4 : cursor.at]
        size = 8 if wide == 8 and key in _WIDE_KEYS else 4
        field, length = cursor.field("length of a block", size)
        yield field
        start, after = cursor.at, cursor.at + length
        if key in (b"Lr16", b"Lr32", b"Layr"):
            yield from _layer_info(cursor, after, wide)
        else:
            yield from _inside(cursor.data, key.decode("latin-1"), start, after)
        cursor.at = start + -(-length // padding) * padding


def _inside(data: bytes, key: str, start: int, end: int) -> Iterator[Field]:
    """Counts, lengths and numbers of descriptors; the first words of anything else."""
    for match in _DESCRIPTOR.finditer(data, start, end):
        kind = match[0].decode("latin-1")
        skip = 4 if kind in ("UntF", "UnFl") else 0  # the unit
        yield Field(f"{kind} in {key}", match.end() + skip, 8 if kind in ("doub", "UntF") else 4)
    if key in ("vmsk", "vsms"):
        for offset in range(start + 8, end - 25, 26):  # the records of a path
            for name, at, size in (("selector", 0, 2), ("knots", 2, 2), ("operation", 4, 2), ("rule", 6, 2)):
                yield Field(f"{name} of a path", offset + at, size)
            yield Field("coordinate of a path", offset + 10, 4)
    for offset in range(start, min(end, start + 64), 4):
        yield Field(f"word of {key}", offset, 4)
