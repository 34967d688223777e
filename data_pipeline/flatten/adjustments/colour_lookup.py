"""The settings of Colour Lookup -> a change of colours, where the table lies in the file."""

import numpy as np
from numba import types
from psd_tools.psd.descriptor import Descriptor, RawData

from data_pipeline.flatten.adjustments.change import Change
from data_pipeline.flatten.adjustments.cube import read_3dl, read_cube, read_look
from data_pipeline.flatten.adjustments.device_link import read_device_link
from data_pipeline.kernel import F32_3D, READ_F32_3D, kernel

_UNIT = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])


def colour_lookup(settings: Descriptor) -> Change:
    """Between a table's entries, colours are interpolated along all three axes; dither is ignored. Not measured.

    Raises KeyError, AttributeError or ValueError where there is no table, or only an abstract profile.
    """
    if b"LUT3DFileData" not in settings:
        return _between(read_device_link(_bytes(settings[b"profile"])), _UNIT)
    data = _bytes(settings[b"LUT3DFileData"])
    domain, fastest = _UNIT, b"bgrOrder"
    match settings[b"LUTFormat"].enum:
        case b"LUTFormatCUBE":
            table, domain = read_cube(data)
        case b"LUTFormat3DL":
            table, fastest = read_3dl(data), b"rgbOrder"
        case b"LUTFormatLOOK":
            table = read_look(data)
        case other:
            raise ValueError(f"a lookup table of format {other!r}")
    # Photoshop lets one say in which order the table runs, and in which the channels of an entry stand.
    if _order(settings, b"tableOrder", fastest) == b"bgrOrder":
        table = table.transpose(2, 1, 0, 3)
    if _order(settings, b"dataOrder", b"rgbOrder") == b"bgrOrder":
        table = table[..., ::-1]
    return _between(table, domain)


def _bytes(value: object) -> bytes:
    if not isinstance(value, RawData) or not isinstance(value.value, bytes):
        raise ValueError(f"a table of type {type(value).__name__}")
    return value.value


def _order(settings: Descriptor, key: bytes, default: bytes) -> object:
    return settings[key].enum if key in settings else default


def _between(table: np.ndarray, domain: np.ndarray) -> Change:
    """`table` by red, green, blue over `domain`, the lowest and the highest colour."""
    spans = domain[1] - domain[0]
    if not np.isfinite(domain).all() or not (spans > 1e-6).all():
        raise ValueError(f"a lookup table over {domain.tolist()}")
    entries = np.ascontiguousarray(np.clip(table, 0, 1), np.float32)
    start, slope = domain[0].astype(np.float32), ((len(table) - 1) / spans).astype(np.float32)

    def change(rgb: np.ndarray) -> np.ndarray:
        out = np.empty(rgb.shape, np.float32)
        _interpolate(rgb, entries, start, slope, out)
        return out

    return change


_ENTRIES = types.Array(types.float32, 4, "C", readonly=True)
_TRIPLE = types.Array(types.float32, 1, "C", readonly=True)


@kernel(types.void, READ_F32_3D, _ENTRIES, _TRIPLE, _TRIPLE, F32_3D)
def _interpolate(rgb: np.ndarray, entries: np.ndarray, start: np.ndarray, slope: np.ndarray, out: np.ndarray) -> None:
    """`entries` by red, green, blue; a colour's place among them is (colour - start) * slope."""
    last = entries.shape[0] - 1
    cell, share = np.zeros(3, np.int64), np.zeros(3)
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            for c in range(3):
                place = min(max((rgb[y, x, c] - start[c]) * slope[c], np.float32(0)), np.float32(last))
                cell[c] = min(int(place), last - 1)
                share[c] = place - cell[c]
            for c in range(3):
                total = 0.0
                for corner in range(8):
                    i, j, k = corner >> 2, (corner >> 1) & 1, corner & 1
                    weight = abs(1 - i - share[0]) * abs(1 - j - share[1]) * abs(1 - k - share[2])
                    total += weight * entries[cell[0] + i, cell[1] + j, cell[2] + k, c]
                out[y, x, c] = total
