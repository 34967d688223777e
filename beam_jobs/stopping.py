"""Ctrl-C in, the end of what threads do out: Python tells the main thread alone, where Beam waits for them."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_asked = threading.Event()
_stops: list[Callable[[], None]] = []


@contextmanager
def heard() -> Iterator[None]:
    """Meanwhile Ctrl-C ends what is `stoppable` before it interrupts the main thread."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # somebody else hears it, or nobody
        return
    signal.signal(signal.SIGINT, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _asked.clear()


@contextmanager
def stoppable(stop: Callable[[], None]) -> Iterator[None]:
    """What is done meanwhile ends soon after `stop` was called. Raises KeyboardInterrupt after Ctrl-C."""
    _stops.append(stop)
    try:
        if _asked.is_set():
            raise KeyboardInterrupt
        yield
    finally:
        _stops.remove(stop)


def _stop(number: int, frame: FrameType | None) -> None:
    _asked.set()
    for stop in [*_stops]:
        stop()
    raise KeyboardInterrupt
