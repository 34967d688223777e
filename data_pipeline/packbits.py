"""A PSD's RLE channels -> their bytes: PackBits, a table of row lengths before the rows (Adobe's file format).

psd-tools decodes row by row through Python objects; on real designs that was half of flattening.
"""

import numpy as np
from numba import types

from data_pipeline.kernel import kernel

_BYTES = types.Array(types.uint8, 1, "C", readonly=True)
_LENGTHS = types.Array(types.int64, 1, "C", readonly=True)


@kernel(types.int64, _BYTES, _LENGTHS, types.Array(types.uint8, 2, "C"))
def _unpack(data: np.ndarray, lengths: np.ndarray, rows: np.ndarray) -> int:
    """Fill the rows; the index of the first damaged row, or -1."""
    width = rows.shape[1]
    start = np.int64(0)
    for y in range(rows.shape[0]):
        row = rows[y]
        source, end, x = start, start + lengths[y], np.int64(0)
        if end > data.size:
            return y
        while x < width and source < end:
            head = np.int64(data[source])
            source += 1
            # Loops over slices of their own compile to memcpy and memset.
            if head < 128:
                count = head + 1
                if source + count > end or x + count > width:
                    return y
                target, literal = row[x : x + count], data[source : source + count]
                for k in range(count):
                    target[k] = literal[k]
                source += count
                x += count
            elif head > 128:
                count = 257 - head
                if source >= end or x + count > width:
                    return y
                target, value = row[x : x + count], data[source]
                for k in range(count):
                    target[k] = value
                source += 1
                x += count
        if x < width:
            return y
        start = end
    return -1


def unpack(data: bytes, row_bytes: int, height: int, version: int) -> np.ndarray:
    """uint8 [height, row_bytes]. `version` is 1 for PSD and 2 for PSB. Raises ValueError at the first damaged row."""
    lengths_type = np.dtype(">u2") if version == 1 else np.dtype(">u4")
    table_bytes = height * lengths_type.itemsize
    if len(data) < table_bytes:
        raise ValueError(f"{len(data)} bytes, too few for the lengths of {height} rows")
    lengths = np.frombuffer(data, lengths_type, height).astype(np.int64)
    # Checked before the rows are allocated: a byte pair unpacks to 128 bytes at most.
    if row_bytes * height > 64 * len(data):
        raise ValueError(f"{len(data)} bytes cannot hold {height} rows of {row_bytes} bytes")
    rows = np.empty((height, row_bytes), np.uint8)
    damaged = _unpack(np.frombuffer(data, np.uint8, offset=table_bytes), lengths, rows)
    if damaged >= 0:
        raise ValueError(f"row {damaged} of {height} is damaged")
    return rows
