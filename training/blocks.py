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
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle

_ALIGNED_BYTES = 64  # where arrays begin


@dataclass(frozen=True)
class Placed:
    """Where arrays of `sizes` lie, one behind another. `is_new`: the block's descriptor follows; `retired` blocks are
    written to no more. Nothing lies in block -1."""

    block: int
    sizes: tuple[int, ...]
    is_new: bool = False
    retired: tuple[int, ...] = ()


class Writer:
    """Owns the blocks of a process that sends."""

    def __init__(self) -> None:
        self._blocks = dict[int, mmap.mmap]()
        self._free = set[int]()
        self._made = 0

    def give_back(self, blocks: Iterable[int]) -> None:
        """What the other process needs no longer."""
        self._free.update(blocks)

    def place(self, parts: Sequence[memoryview]) -> tuple[Placed, int | None]:
        """Copies bytes into the smallest free block that holds them, or a new one, whose descriptor comes with it."""
        sizes = tuple(part.nbytes for part in parts)
        total = sum(map(_aligned, sizes))
        if not total:
            return Placed(-1, sizes), None
        fitting = [block for block in self._free if len(self._blocks[block]) >= total]
        block = min(fitting, key=lambda number: len(self._blocks[number]), default=None)
        descriptor, retired = None, tuple[int, ...]()
        if block is None:
            retired = tuple(self._free)  # all too small: so there are no more blocks than are held at a time
            for number in retired:
                del self._blocks[number]
            self._free.clear()
            block, self._made = self._made, self._made + 1
            descriptor = _unnamed(total)
            self._blocks[block] = mmap.mmap(descriptor, total)
        self._free.discard(block)
        start = 0
        for part in parts:
            self._blocks[block][start : start + part.nbytes] = part
            start += _aligned(part.nbytes)
        return Placed(block, sizes, descriptor is not None, retired), descriptor


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
        total = sum(map(_aligned, placed.sizes))
        whole = (ctypes.c_char * total).from_buffer(self._blocks[placed.block])
        weakref.finalize(whole, self._freed.append, placed.block).atexit = False
        memory, views, start = memoryview(whole).cast("B"), [], 0
        for size in placed.sizes:
            views.append(memory[start : start + size])
            start += _aligned(size)
        return views


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


def _aligned(size: int) -> int:
    return -(-size // _ALIGNED_BYTES) * _ALIGNED_BYTES


def _unnamed(size: int) -> int:
    """The descriptor of a file of zeros; in memory where the system has such."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("lamina")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor
