"""A server's address and a call in, the JSON of its answer out, or why there is none.

Some failures another try may not meet (`Passing`), some every try would (`Refused`); a server that takes no calls at
all (a key that it refuses, an address that is another's) is a ModelGone.
"""

import json
import os
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from data_pipeline.caption.deadline import cut_after, due, punctual_session
from data_pipeline.caption.vision import ModelGone

KEY = "LAMINA_API_KEY"  # the environment variable with the server's key; without it none is sent
_CONNECT_S = 10.0
_LONGEST_S = 86_400
_MOST_BYTES = 1 << 20  # of an answer
_PASSING = {408, 409, 425, 429, 500, 502, 503, 504}  # states of a server that a second try may find gone
_CLOSED = {*range(300, 400), 401, 402, 403, 404, 405}  # states of a server that every question meets


@dataclass(frozen=True)
class Endpoint:
    """Where a server is and how hard it may be pressed; `model` may be empty where it serves only one.

    An answer that is not whole `answer_s` after it was asked for is given up.
    Raises ValueError where a value cannot be.
    """

    url: str
    model: str = ""
    concurrency: int = 16
    tries: int = 4
    answer_s: float = 120.0
    per_minute: int | None = None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            is_http = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            is_http = is_http and not parts.query and not parts.fragment
        except ValueError:
            is_http = False
        if not is_http or parts.username is not None:
            raise ValueError(f"url is {self.url!r}; it must be like http://localhost:8000/v1, without a password")
        for name in ("concurrency", "tries", "answer_s", "per_minute"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value}; it must be positive")
        if self.answer_s > _LONGEST_S:
            raise ValueError(f"answer_s is {self.answer_s}; it must be {_LONGEST_S}, a day, at most")

    @property
    def base(self) -> str:
        """Up to /v1, which may be left out."""
        url = self.url.rstrip("/")
        return url if urlsplit(url).path else f"{url}/v1"


class Passing(Exception):
    """A failure that another try may not meet; after `pause_s`, if the server has asked for one."""

    def __init__(self, message: str, pause_s: float = 0.0, status: int | None = None) -> None:
        super().__init__(message[:500])
        self.pause_s = pause_s
        self.status = status


class Refused(Exception):
    """A failure that every try would meet."""


class Calls:
    """Of one server. Threads may share one."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._base = endpoint.base
        self._session = punctual_session(endpoint.concurrency)
        self._session.auth = _Bearer()
        self._session.headers["Accept-Encoding"] = "identity"

    def get(self, path: str, limit_s: float) -> Any:
        """The JSON of an answer that is whole in time. Raises Passing, Refused, or ModelGone."""
        return self._called("GET", path, None, limit_s)

    def post(self, path: str, body: bytes, limit_s: float) -> Any:
        """As `get`."""
        return self._called("POST", path, body, limit_s)

    def _called(self, method: str, path: str, body: bytes | None, limit_s: float) -> Any:
        url = f"{self._base}/{path}"
        until_s = time.monotonic() + limit_s
        try:
            with (
                due(until_s),
                self._session.request(
                    method,
                    url,
                    data=body,
                    headers={"Content-Type": "application/json"},
                    timeout=(min(_CONNECT_S, limit_s), limit_s),
                    stream=True,
                    allow_redirects=False,
                ) as response,
            ):
                data = _read(response, until_s)
        except (requests.RequestException, HTTPError, OSError) as error:
            _check_time(until_s, limit_s)
            raise Passing(f"{type(error).__name__}: {error}") from error
        _check_time(until_s, limit_s)  # a header or a body that was cut off may look whole
        if response.status_code in _PASSING:
            asked_s = _asked_pause_s(response)
            what = f" (it asks for a pause of {asked_s:g} s)" if asked_s > limit_s else ""
            raise Passing(_status(response, data) + what, min(asked_s, limit_s), response.status_code)
        if response.status_code in _CLOSED:
            message = f"{url} takes no questions ({_status(response, data)})"
            raise ModelGone(f"{message}; the same command goes on from here")
        if response.status_code != 200:
            raise Refused(_status(response, data))
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Passing(f"an answer that is no JSON: {data[:80]!r}") from error


class _Bearer(AuthBase):
    """The key goes with the request and into no file; a .netrc is left alone."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        key = os.environ.get(KEY, "").strip()
        if not key.isascii() or not key.isprintable():  # requests would quote it in its own words
            raise ValueError(f"{KEY} holds characters that no key has")
        if key:
            request.headers["Authorization"] = f"Bearer {key}"
        return request


def _read(response: requests.Response, until_s: float) -> bytes:
    """The body, as far as it is there in time. Raises Refused where it is endless."""
    data = bytearray()
    with cut_after(until_s - time.monotonic(), response.raw.shutdown):
        while part := response.raw.read1(1 << 16, decode_content=False):
            data += part
            if len(data) > _MOST_BYTES:
                raise Refused(f"an answer of more than {_MOST_BYTES} bytes")
    return bytes(data)


def _check_time(until_s: float, limit_s: float) -> None:
    if time.monotonic() >= until_s:
        raise Passing(f"no whole answer in {limit_s:g} s")


def _status(response: requests.Response, data: bytes) -> str:
    return f"status {response.status_code}: {one_line(data[:200].decode('utf-8', 'replace'))}"


def one_line(text: str) -> str:
    """Without control characters: tables and terminals show it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _asked_pause_s(response: requests.Response) -> float:
    """What Retry-After asks for, in seconds; a date counts as nothing."""
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else 0.0
