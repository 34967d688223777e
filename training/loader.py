"""Packs in, what is read of them out, in their order: by processes that read ahead while the loop trains.

Arrays come back in memory that both processes map. Processes come from a fork server, so that none is forked with CUDA
or threads in it.
"""

import ctypes
import multiprocessing
import pickle
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np

from training.blocks import Placed, Reader, Writer, send_descriptor

Pack = TypeVar("Pack")
Result = TypeVar("Result")

_NOTHING = Placed(-1, (), ())
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
_MOST_MMAP_THRESHOLD_BYTES = 32 << 20
_KEPT_BYTES = 256 << 20
_SHOWN = 300  # characters of a pack in a message


@runtime_checkable
class Roomy(Protocol):
    """A `read` whose arrays lie in memory that it asks for once a call: so many bytes, uint8. They are not copied."""

    room: Callable[[int], np.ndarray]


class WorkerDied(RuntimeError):
    """A worker process ended while it read: killed for its memory, or by a picture that its decoder cannot stand."""


class Loader(Generic[Pack, Result]):
    """Iterates over `read(pack)` for every pack. `workers` processes hold at most `ahead` results each; 0: this one
    reads, when it is asked.

    A ValueError of `read` is raised where its pack's turn is, with its message, as is WorkerDied; other errors are
    RuntimeErrors with the worker's traceback. Every process gets a copy of `read` by pickle: it must be light.
    """

    def __init__(self, read: Callable[[Pack], Result], packs: Iterable[Pack], workers: int, ahead: int = 2) -> None:
        if workers < 0 or ahead < 1:
            raise ValueError(f"workers is {workers}, ahead {ahead}; they must be at least 0 and 1")
        self._packs = iter(packs)
        self._read = read if workers == 0 else _Pool(read, workers)
        self._room = workers * ahead
        self._waiting = deque[Future[Result]]()

    def __iter__(self) -> Iterator[Result]:
        return self

    def __next__(self) -> Result:
        if not isinstance(self._read, _Pool):
            return self._read(next(self._packs))
        self._fill(self._read)
        if not self._waiting:
            raise StopIteration
        first = self._waiting.popleft()
        self._fill(self._read)
        return first.result()

    def _fill(self, pool: "_Pool[Pack, Result]") -> None:
        while len(self._waiting) < self._room:
            try:
                pack = next(self._packs)
            except StopIteration:
                return
            self._waiting.append(pool.submit(pack))

    def close(self) -> None:
        """Ends the processes, whatever they do. What was yielded stays."""
        self._waiting.clear()
        if isinstance(self._read, _Pool):
            self._read.close()

    def __enter__(self) -> "Loader[Pack, Result]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Pool(Generic[Pack, Result]):
    """One thread a process waits for it, so that a death is noticed by the one who waits."""

    def __init__(self, read: Callable[[Pack], Result], workers: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__, getattr(read, "__module__", __name__)])
        self._workers = [_Worker(context, read) for _ in range(workers)]
        self._idle = SimpleQueue[_Worker]()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(workers, "loader")

    def submit(self, pack: Pack) -> Future[Result]:
        return self._threads.submit(self._call, pack)

    def _call(self, pack: Pack) -> Result:
        worker = self._idle.get()  # there are as many as threads
        try:
            return worker.call(pack)
        finally:
            self._idle.put(worker)  # a dead one, too: what it is asked fails at once

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown()
        for worker in self._workers:
            worker.connection.close()


class _Worker:
    def __init__(self, context: Any, read: Callable[[Any], Any]) -> None:
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, read), daemon=True)
        self._process.start()
        theirs.close()
        self._blocks = Reader()
        self._ending = Lock()  # how a process ended can be read once only

    def call(self, pack: Any) -> Any:
        try:
            self.connection.send((pack, self._blocks.take_freed()))
            kind, data, placed = self.connection.recv()
            buffers = self._blocks.views(placed, self.connection)
        except (EOFError, OSError) as error:
            message = f"the worker process that read {repr(pack)[:_SHOWN]} {self._epitaph()}"
            raise WorkerDied(message) from error
        if kind == "refused":
            raise ValueError(data)
        if kind == "broken":
            raise RuntimeError(f"a worker process failed:\n{data}")
        return pickle.loads(data, buffers=buffers)

    def kill(self) -> None:
        self._process.kill()
        self._epitaph()

    def _epitaph(self) -> str:
        """How the process ended, in words."""
        with self._ending:
            self._process.join()
            code = self._process.exitcode
        if code == -signal.SIGKILL:
            return "was killed (SIGKILL): where memory ran out, lower data.workers, data.ahead or data.pack_tokens"
        return f"was ended by {signal.Signals(-code).name}" if code is not None and code < 0 else f"ended ({code})"


def _serve(connection: Connection, read: Callable[[Any], Any]) -> None:
    """The life of a worker. Its parent's end is its own: it reads the end of the pipe."""
    for one in (signal.SIGINT, signal.SIGTERM):  # they are the parent's to handle: it saves, and closes
        signal.signal(one, signal.SIG_IGN)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)  # the workers are the parallelism
    _keep_memory()
    blocks = Writer()
    if isinstance(read, Roomy):
        read.room = blocks.reserve
    try:
        while True:
            _answer(connection, read, blocks)
    except (EOFError, ConnectionError):
        return


def _keep_memory() -> None:
    """Pictures of a few MB come and go. Given back to the system each time, their pages cost more than decoding."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MOST_MMAP_THRESHOLD_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def _answer(connection: Connection, read: Callable[[Any], Any], blocks: Writer) -> None:
    pack, freed = connection.recv()
    blocks.give_back(freed)
    descriptor: int | None = None
    answer: tuple[str, bytes | str, Placed]
    try:
        data, placed, descriptor = _packed(read(pack), blocks)
        answer = ("read", data, placed)
    except (ValueError, OSError, MemoryError) as error:
        answer = ("refused", str(error), _NOTHING)
    except Exception:  # noqa: BLE001  the border of the process: it travels as text, and is raised there
        answer = ("broken", traceback.format_exc(), _NOTHING)
    connection.send(answer)
    if descriptor is not None:
        send_descriptor(connection, descriptor)


def _packed(result: Any, blocks: Writer) -> tuple[bytes, Placed, int | None]:
    """Arrays go through shared memory, the rest through the pipe."""
    buffers = list[pickle.PickleBuffer]()
    data = pickle.dumps(result, protocol=5, buffer_callback=buffers.append)
    return (data, *blocks.place([buffer.raw() for buffer in buffers]))
