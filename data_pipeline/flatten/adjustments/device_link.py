"""The bytes of an ICC device link from RGB to RGB -> the table in it.

ICC.1:2010, 10.10 to 10.12 and 10.5: of the tag `A2B0`, the types `mft1`, `mft2` and `mAB ` without a matrix.
"""

import struct

import numpy as np

_LARGEST = 129  # of a table's side
_STRAIGHT = 1 / 512  # how far a curve before the table may be from no curve at all


def read_device_link(data: bytes) -> np.ndarray:
    """float64 [size, size, size, 3] by red, green, blue, in [0, 1].

    Raises ValueError where it is unreadable, of another kind, or bends its input by more than a rounding.
    """
    try:
        if data[12:24] != b"linkRGB RGB " or data[36:40] != b"acsp":
            raise ValueError("not a device link from RGB to RGB")
        tag = _tag(data)
        if tag[:4] == b"mAB ":
            table, before, after = _newer(tag)
        elif tag[:4] in (b"mft1", b"mft2"):
            table, before, after = _older(tag)
        else:
            raise ValueError(f"a device link of type {tag[:4]!r}")
    except (struct.error, IndexError) as error:
        raise ValueError(f"a device link that ends early: {error}") from error
    if any(np.abs(curve - np.linspace(0, 1, len(curve))).max() > _STRAIGHT for curve in before):
        raise ValueError("a device link that bends its input")
    bent = [np.interp(table[..., c], np.linspace(0, 1, len(curve)), curve) for c, curve in enumerate(after)]
    return np.stack(bent, axis=-1)


def _tag(data: bytes) -> bytes:
    (count,) = struct.unpack_from(">I", data, 128)
    for index in range(min(count, 100)):
        name, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if name == b"A2B0":
            return data[offset : offset + size]
    raise ValueError("a device link without A2B0")


def _older(tag: bytes) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """(table, the curves before it, the curves after it); the matrix of these types is for XYZ alone."""
    inputs, outputs, size = tag[8], tag[9], tag[10]
    wide = tag[:4] == b"mft2"
    entries_in, entries_out = struct.unpack_from(">HH", tag, 48) if wide else (256, 256)
    if (inputs, outputs) != (3, 3) or min(entries_in, entries_out) < 2:
        raise ValueError(f"a table from {inputs} to {outputs} channels")
    start = 52 if wide else 48
    before = _numbers(tag, start, 3 * entries_in, wide)
    table = _numbers(tag, start + before.size * (1 + wide), 3 * _checked(size) ** 3, wide)
    after = _numbers(tag, start + (before.size + table.size) * (1 + wide), 3 * entries_out, wide)
    return table.reshape(size, size, size, 3), list(before.reshape(3, -1)), list(after.reshape(3, -1))


def _newer(tag: bytes) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """The same of `mAB `, whose curves B come last, curves A first."""
    last, matrix, _, lut, first = struct.unpack_from(">5I", tag, 12)
    if (tag[8], tag[9]) != (3, 3) or matrix or not (last and lut and first):
        raise ValueError("a device link with a matrix, or without a table")
    size = _checked(tag[lut])
    if tag[lut + 1] != size or tag[lut + 2] != size:
        raise ValueError("a table of unequal sides")
    table = _numbers(tag, lut + 20, 3 * size**3, tag[lut + 16] == 2)
    return table.reshape(size, size, size, 3), _curves(tag, first), _curves(tag, last)


def _curves(tag: bytes, offset: int) -> list[np.ndarray]:
    """Three curves, each as samples over [0, 1]."""
    curves = []
    for _ in range(3):
        kind, count = struct.unpack_from(">4s4xI", tag, offset)
        if kind == b"curv" and count > 1:
            curves.append(_numbers(tag, offset + 12, count, True))
            offset += 12 + 2 * count
        elif kind == b"curv" and count == 0:
            curves.append(np.array([0.0, 1.0]))
            offset += 12
        else:
            raise ValueError(f"a curve of kind {kind!r}")
        offset += -offset % 4
    return curves


def _checked(size: int) -> int:
    if not 2 <= size <= _LARGEST:
        raise ValueError(f"a table of side {size}")
    return size


def _numbers(tag: bytes, offset: int, count: int, wide: bool) -> np.ndarray:
    kind = np.dtype(">u2" if wide else "u1")
    return np.frombuffer(tag, kind, count, offset) / np.iinfo(kind).max
