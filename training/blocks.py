"""Arrays in one process in, the same in another out: through memory that both map, used again when nobody looks at it.

New pages cost ten times what writing into old ones does. Blocks are files without a name: no killed run leaves one
behind, and they do not lie in /dev/shm, of which containers have little.
"""

import ctypes
import mmap
import os
import sys
import tempfile
import weakref
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle

import numpy as np

_ALIGNED_BYTES = 64  # where arrays begin


@dataclass(frozen=True)
class Placed:
    """Where arrays of `sizes` begin in a block. `is_new`: the block's descriptor follows; `retired` blocks are written
    to no more. Nothing lies in block -1."""

    block: int
    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    is_new: bool = False
    retired: tuple[int, ...] = ()


class Writer:
    """Owns the blocks of a process that sends."""

    def __init__(self) -> None:
        self._blocks = dict[int, mmap.mmap]()
        self._free = set[int]()
        self._made = 0
        self._unsent = dict[int, int]()  # descriptors, of blocks that the other process does not know yet
        self._retired = list[int]()
        self._reserved: int | None = None

    def give_back(self, blocks: Iterable[int]) -> None:
        """What the other process needs no longer."""
        self._free.update(blocks)

    def reserve(self, size: int) -> np.ndarray:
        """uint8 [size]: arrays that are made in it, and placed next, are not copied. It lasts until then."""
        self._release()
        if not size:
            return np.empty(0, np.uint8)
        self._reserved = self._taken(size)
        return np.frombuffer(self._blocks[self._reserved], np.uint8, size)

    def place(self, parts: Sequence[memoryview]) -> tuple[Placed, int | None]:
        """Leaves bytes where they are in the reserved block, or copies them into another. A block that the other
        process does not know comes with its descriptor."""
        sizes = tuple(part.nbytes for part in parts)
        if not any(sizes):
            return Placed(-1, (0,) * len(sizes), sizes), None
        starts = self._starts_in_reserved(parts)
        if starts is not None and self._reserved is not None:
            block, self._reserved = self._reserved, None
        else:
            self._release()
            *starts, total = accumulate(map(_aligned, sizes), initial=0)
            block = self._taken(total)
            for start, part in zip(starts, parts, strict=True):
                self._blocks[block][start : start + part.nbytes] = part
        retired, self._retired = tuple(self._retired), []
        descriptor = self._unsent.pop(block, None)
        return Placed(block, tuple(starts), sizes, descriptor is not None, retired), descriptor

    def _taken(self, size: int) -> int:
        """The smallest free block that is large enough, or a new one."""
        fitting = [block for block in self._free if len(self._blocks[block]) >= size]
        block = min(fitting, key=lambda number: len(self._blocks[number]), default=None)
        if block is not None:
            self._free.discard(block)
            return block
        for number in self._free:  # all too small: so there are no more blocks than are held at a time
            del self._blocks[number]
            descriptor = self._unsent.pop(number, None)
            if descriptor is not None:
                os.close(descriptor)
            else:
                self._retired.append(number)
        self._free.clear()
        block, self._made = self._made, self._made + 1
        self._unsent[block] = _unnamed(size)
        self._blocks[block] = mmap.mmap(self._unsent[block], size)
        return block

    def _release(self) -> None:
        if self._reserved is not None:
            self._free.add(self._reserved)
            self._reserved = None

    def _starts_in_reserved(self, parts: Sequence[memoryview]) -> list[int] | None:
        """Where they lie in it; None where one does not."""
        if self._reserved is None:
            return None
        memory = self._blocks[self._reserved]
        starts = [_address(part) - _address(memory) if part.nbytes else 0 for part in parts]
        inside = (0 <= start <= len(memory) - part.nbytes for start, part in zip(starts, parts, strict=True))
        return starts if all(inside) else None


class Reader:
    """Maps the blocks of one `Writer`. `freed` are those whose arrays are all gone."""

    def __init__(self) -> None:
        self._blocks = dict[int, mmap.mmap]()
        self._freed = deque[int]()

    def take_freed(self) -> list[int]:
        """Since the last call."""
        return [self._freed.popleft() for _ in range(len(self._freed))]

    def views(self, placed: Placed, connection: Connection) -> list[memoryview]:
        """The arrays' bytes, which may be written to, and last as long as one of them is looked at."""
        for number in placed.retired:
            self._blocks.pop(number, None)
        if placed.is_new:
            self._blocks[placed.block] = _mapped(recv_handle(connection))
        if placed.block < 0:
            return [memoryview(bytearray()) for _ in placed.sizes]
        block = self._blocks[placed.block]
        whole = (ctypes.c_char * len(block)).from_buffer(block)
        weakref.finalize(whole, self._freed.append, placed.block).atexit = False
        memory = memoryview(whole).cast("B")
        return [memory[start : start + size] for start, size in zip(placed.starts, placed.sizes, strict=True)]


def send_descriptor(connection: Connection, descriptor: int) -> None:
    """To `Reader.views`, which waits for it. It is closed here."""
    try:
        send_handle(connection, descriptor, None)
    finally:
        os.close(descriptor)


def _mapped(descriptor: int) -> mmap.mmap:
    try:
        return mmap.mmap(descriptor, 0)
    finally:
        os.close(descriptor)


def _address(memory: memoryview | mmap.mmap) -> int:
    return int(np.frombuffer(memory, np.uint8).ctypes.data)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNED_BYTES) * _ALIGNED_BYTES


def _unnamed(size: int) -> int:
    """The descriptor of a file of zeros; in memory where the system has such. MemoryError where it gives no room."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("lamina")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        os.ftruncate(descriptor, size)
    except OSError as error:
        os.close(descriptor)
        raise MemoryError(f"the system has no {size} bytes to share: {error.strerror or error}") from error
    return descriptor
