"""A number of connections in, a session of requests out, whose answers can be cut off in time, however they trickle.

The time-outs of requests are of one read: a server that sends a byte now and then never meets them. And the one for a
connection is also that for what is sent over it: a picture has no more time on a slow line than a handshake.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter


def punctual_session(connections: int) -> requests.Session:
    """For requests inside `due`; the bodies of their answers are for `cut_after`."""
    session = requests.Session()
    adapter = _Adapter(pool_maxsize=connections)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


_request = threading.local()


def _left_s() -> float:
    """Of `due`; never nothing, which would mean a socket that does not wait."""
    return max(1e-3, float(_request.until_s) - time.monotonic())


@contextmanager
def due(until_s: float) -> Iterator[None]:
    """What this thread requests meanwhile is sent, and answered with a whole header, before this time.monotonic()."""
    _request.until_s = until_s
    try:
        yield
    finally:
        del _request.until_s


@contextmanager
def cut_after(seconds: float, shutdown: Callable[[], object]) -> Iterator[None]:
    """Whoever still reads from a socket then finds its end, which may be an error, or look like that of a body."""

    lock, is_over = threading.Lock(), False

    def cut() -> None:
        with lock, suppress(OSError, RuntimeError):  # the connection is closed, or all has been read
            if not is_over:  # else it may be in use for something else by now
                shutdown()

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            is_over = True


class _Punctual:
    """Mixed into a connection of urllib3, which has these."""

    sock: socket.socket | None
    timeout: float

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self._limit()

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._limit()
        super().request(*args, **kwargs)  # type: ignore[misc]

    def getresponse(self) -> Any:
        sock, self.timeout = self.sock, _left_s()
        assert sock is not None, "a request has been sent"
        with cut_after(self.timeout, lambda: sock.shutdown(socket.SHUT_RD)):
            return super().getresponse()  # type: ignore[misc]

    def _limit(self) -> None:
        if self.sock is not None:
            self.sock.settimeout(_left_s())


class _Adapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if not issubclass(pool.ConnectionCls, _Punctual):
            pool.ConnectionCls = _punctual(pool.ConnectionCls)
        return pool


@cache
def _punctual(kind: type) -> type:
    """Of plain, secure and proxied connections alike."""
    return type(f"Punctual{kind.__name__}", (_Punctual, kind), {})
