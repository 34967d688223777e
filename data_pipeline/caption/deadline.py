"""A number of connections in, a session of requests out, whose answers can be cut off in time, however they trickle.

The time-outs of requests are of one read: a server that sends a byte now and then never meets them.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter


def punctual_session(connections: int) -> requests.Session:
    """The read time-out of its requests is that of a whole header; bodies are for `cut_after`."""
    session = requests.Session()
    adapter = _Adapter(pool_maxsize=connections)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


@contextmanager
def cut_after(seconds: float, shutdown: Callable[[], object]) -> Iterator[None]:
    """Whoever still reads from a socket then finds its end, which may be an error, or look like that of a body."""

    def cut() -> None:
        with suppress(OSError, RuntimeError):  # the connection is closed, or all has been read
            shutdown()

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Punctual:
    """Mixed into a connection of urllib3, which has these."""

    sock: socket.socket
    timeout: float

    def getresponse(self) -> Any:
        sock = self.sock
        with cut_after(self.timeout, lambda: sock.shutdown(socket.SHUT_RD)):
            return super().getresponse()  # type: ignore[misc]


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
