"""A safetensors file inside a tar and a shape in, rows of one of its tensors out: they alone are read.

The file may come from anybody: what it says of itself is held against its length before anything is read.
"""

import math
from typing import Any, BinaryIO

import numpy as np

from data_pipeline.shard_io import Member, read_at
from data_pipeline.stack_io.canonical_json import decode_json

_LENGTH_BYTES = 8
_MOST_HEAD_BYTES = 1 << 16
_BF16_BYTES = 2
_EXPONENT = np.int16(0x7F80)  # all of its bits are set in what is no finite number


class TensorMember:
    """Tensors of bf16 by name; rows come as the int16 whose bits they are. ValueError for a file that is damaged."""

    def __init__(self, file: BinaryIO, member: Member) -> None:
        self._file, self._member = file, member
        if member.size < _LENGTH_BYTES:
            raise ValueError(f"{member.name} is no safetensors file")
        length = int.from_bytes(read_at(file, member.offset, _LENGTH_BYTES), "little")
        if length > min(_MOST_HEAD_BYTES, member.size - _LENGTH_BYTES):
            raise ValueError(f"{member.name} claims a head of {length} bytes")
        head = decode_json(read_at(file, member.offset + _LENGTH_BYTES, length))
        if not isinstance(head, dict):
            raise ValueError(f"the head of {member.name} is no mapping")
        self._head = head
        self._begin = member.offset + _LENGTH_BYTES + length

    def __contains__(self, name: str) -> bool:
        return name in self._head

    def whole(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """A tensor of this shape."""
        begin, rows = self._place(name, shape[1:])
        if rows != shape[0]:
            raise ValueError(f"{name} of {self._member.name} has {rows} rows; they should be {shape[0]}")
        return self._read(name, begin, shape).copy()  # torch wants memory that can be written to

    def rows(self, name: str, places: list[int], shape: tuple[int, ...]) -> np.ndarray:
        """[places, *shape]: some rows of a tensor [rows, *shape]."""
        begin, rows = self._place(name, shape)
        if not all(type(place) is int and 0 <= place < rows for place in places):
            raise ValueError(f"{name} of {self._member.name} has {rows} rows; {places} are asked for")
        row_bytes = math.prod(shape) * _BF16_BYTES
        return np.stack([self._read(name, begin + place * row_bytes, shape) for place in places])

    def _read(self, name: str, offset: int, shape: tuple[int, ...]) -> np.ndarray:
        data = read_at(self._file, offset, math.prod(shape) * _BF16_BYTES)
        values = np.frombuffer(data, np.dtype("<i2")).reshape(shape)
        if ((values & _EXPONENT) == _EXPONENT).any():
            raise ValueError(f"{name} of {self._member.name} has values that are not finite")
        return values

    def _place(self, name: str, shape: tuple[int, ...]) -> tuple[int, int]:
        """Where a tensor [rows, *shape] begins, and its rows."""
        described: Any = self._head.get(name)
        try:
            dtype, (rows, *inner), (begin, end) = (described[key] for key in ("dtype", "shape", "data_offsets"))
            is_sound = all(type(value) is int and value >= 0 for value in (rows, begin, end))
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"{self._member.name} has no tensor {name}") from error
        room = self._member.offset + self._member.size - self._begin
        if not is_sound or end > room or end - begin != rows * math.prod(shape) * _BF16_BYTES:
            raise ValueError(f"{name} of {self._member.name} lies beyond its end")
        if dtype != "BF16" or tuple(inner) != shape:
            raise ValueError(
                f"{name} of {self._member.name} has rows of {dtype} {inner}; they should be of BF16 {list(shape)}"
            )
        return self._begin + begin, rows
