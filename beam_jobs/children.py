"""Calls in, outcomes out: each call runs in one of WORKERS child processes that can be killed.

Threads of this process hand the calls over, one thread a child, so that a child's death is noticed by the one
thread that waits for it. No lock or queue is shared with a child: killing one harms nothing else.
"""

import atexit
import ctypes
import itertools
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

# What every child of a job needs: loaded once, before the first is forked.
PRELOAD = ("beam_jobs.child", "data_pipeline.curate", "apache_beam")

_PR_SET_PDEATHSIG = 1
_ATTEMPTS = 3
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
# Whenever a process starts, multiprocessing looks after all others, from any thread; but how one ended can be read
# once only, and of two readers the second is told "status 255".
_reaping = threading.Lock()


@dataclass(frozen=True)
class OutOfTime:
    seconds: float


@dataclass(frozen=True)
class OutOfMemory:
    limit_bytes: int


@dataclass(frozen=True)
class Crashed:
    message: str


Lost = OutOfTime | OutOfMemory | Crashed


class Children:
    """A pool of `workers` children, each limited to `memory_bytes` of address space."""

    def __init__(self, workers: int, memory_bytes: int, preload: tuple[str, ...]) -> None:
        for name in _THREADS:
            os.environ.setdefault(name, "1")  # the children are the parallelism
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        self._memory_bytes = memory_bytes
        self._threads = ThreadPoolExecutor(workers, "child")
        self._own = threading.local()
        self._all: set[_Child] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, function: Callable[..., Any], *arguments: Any, seconds: float) -> "Future[Any | Lost]":
        """The future's result is the function's, or how the call was lost. Its exceptions are ours to mend."""
        return self._threads.submit(self._call, function, arguments, seconds)

    def close(self) -> None:
        """Ends the calls that run: their futures raise CancelledError, for nobody may take the end for an outcome."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed = True
            for child in self._all:
                child.end()

    def _call(self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Any:
        for attempt in itertools.count(1):
            child = self._child()
            fresh = child.calls == 0
            outcome = child.call(function, arguments, seconds)
            if not isinstance(outcome, Lost):
                return outcome
            if self._closed:
                raise CancelledError
            self._drop(child)
            if isinstance(outcome, OutOfTime) or (fresh and isinstance(outcome, OutOfMemory)) or attempt == _ATTEMPTS:
                return outcome
            # What earlier calls left in the child's memory must not decide, nor a kill that came from outside.

    def _child(self) -> "_Child":
        """This thread's child. Raises CancelledError once the pool is closed."""
        with self._lock:  # so that no child is started that `close` does not see
            if self._closed:
                raise CancelledError
            child: _Child | None = getattr(self._own, "child", None)
            if child is None:
                child = _Child(self._context, self._memory_bytes)
                self._own.child = child
                self._all.add(child)
            return child

    def _drop(self, child: "_Child") -> None:
        child.kill()
        self._own.child = None
        with self._lock:
            self._all.discard(child)


class _Child:
    def __init__(self, context: Any, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, memory_bytes), daemon=True)
        with _reaping:
            self._process.start()
        theirs.close()
        self.calls = 0

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Any:
        if self.calls == 0:
            self._await_start()  # loading modules is not the call's time
        self.calls += 1
        try:
            self._connection.send((function, arguments))
            if not self._connection.poll(seconds):
                return OutOfTime(seconds)
            kind, value = self._connection.recv()
        except (EOFError, OSError):
            return Crashed(self._epitaph())
        if kind == "memory":
            return OutOfMemory(self._memory_bytes)
        if kind == "error":
            raise value
        return value

    def _await_start(self) -> None:
        try:
            self._connection.recv()
        except (EOFError, OSError) as error:
            raise RuntimeError(f"no child process can be started: {self._epitaph()}") from error

    def end(self) -> None:
        """From any thread: the one that waits for the child reads the end of its pipe, and closes that itself."""
        self._process.kill()
        self._join()

    def kill(self) -> None:
        """From the thread whose child it is."""
        self.end()
        self._connection.close()

    def _join(self) -> None:
        wait([self._process.sentinel])  # others may start and end meanwhile
        with _reaping:
            self._process.join()

    def _epitaph(self) -> str:
        """How the child ended, in words."""
        self._join()
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"the process that curated it was killed by {signal.Signals(-code).name}"
        return f"the process that curated it ended with status {code}"


def _serve(connection: Connection, memory_bytes: int) -> None:
    """The life of a child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)  # what image libraries print; what happened is in the outcome
    connection.send("ready")
    while True:
        try:
            function, arguments = connection.recv()
            reply = "value", function(*arguments)
        except EOFError:
            return
        except MemoryError:
            reply = "memory", None
        except Exception as error:  # noqa: BLE001  the border of the process: it travels, and is raised there
            reply = "error", error
        connection.send(reply)


_pools: dict[tuple[int, int], Children] = {}
_pools_lock = threading.Lock()


def shared_children(workers: int, memory_bytes: int, preload: tuple[str, ...]) -> Children:
    """The one pool of this Beam worker process, however many threads and bundles Beam runs in it."""
    with _pools_lock:
        key = (workers, memory_bytes)
        if key not in _pools:
            _pools[key] = Children(workers, memory_bytes, preload)
        return _pools[key]


@atexit.register
def close_children() -> None:
    """Ends the children of this process; the next call starts new ones."""
    with _pools_lock:
        for pool in _pools.values():
            pool.close()
        _pools.clear()
