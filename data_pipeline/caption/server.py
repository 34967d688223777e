"""An OpenAI-compatible endpoint (vLLM, SGLang) as a vision-language model: pictures over HTTP, answers back.

A question is tried several times, with growing pauses. One that the server refuses, answers without a text, or leaves
without an answer while it lists its models is `failed`: that is the question's fault. One that stays without an answer
where the server says nothing at all any more is `gone`. A server that has left so many questions in a row without an
answer gets one try for each further one, so that a dead one costs little. A server that takes no questions at all (a
key that it refuses, an address that is another's) is a ModelGone: what is wrong with it is not the questions' fault.
"""

import base64
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from data_pipeline.caption.deadline import cut_after, due, punctual_session
from data_pipeline.caption.picture import Picture
from data_pipeline.caption.vision import FAILED, GONE, NO_ANSWER, Answer, Keep, ModelGone, Question, is_count, nothing

KEY = "LAMINA_API_KEY"  # the environment variable with the server's key; without it none is sent
_CONNECT_S = 10.0
_PAUSE_S = 1.0  # before the second try, doubled for each further one
_LONGEST_PAUSE_S = 30.0  # but for one that a server asks for, up to answer_s
_LONGEST_S = 86_400
_LOOK_S = 10.0  # a server that lives lists its models in that time
_MOST_BYTES = 1 << 20  # of an answer
_PASSING = {408, 409, 425, 429, 500, 502, 503, 504}  # states of a server that a second try may find gone
_CLOSED = {*range(300, 400), 401, 402, 403, 404, 405}  # states of a server that every question meets
_BROKEN = 500  # also that of a server that cannot read a picture
_DEAD_AFTER = 3  # questions in a row without an answer


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


class Server:
    """Its `revision` is empty: a server does not tell that of its weights.

    Threads may share one: the questions of all are asked `concurrency` at a time, in their order.
    """

    revision = ""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.model
        self._endpoint = endpoint
        self._session = punctual_session(endpoint.concurrency)
        self._session.auth = _Bearer()
        self._session.headers["Accept-Encoding"] = "identity"
        self._threads = ThreadPoolExecutor(endpoint.concurrency)
        self._pace = _Pace(endpoint.per_minute)
        self._failures = 0
        self._takes_webp = True  # as far as is known
        self._stopped = threading.Event()

    def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
        """Raises ModelGone where the server takes no questions, or nobody waits for it any more."""
        stopped = self._stopped  # of now: whoever is stopped stays so

        def ask(place: int) -> Answer:
            answer = self._answer(questions[place], stopped)
            keep(place, answer)
            return answer

        return list(self._threads.map(ask, range(len(questions))))

    def stop(self) -> None:
        """What waits ends with ModelGone, as does what is asked, until it has been `stopped`."""
        self._stopped.set()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Meanwhile nothing is asked: whatever waits ends with ModelGone, and what is on its way is tried no more."""
        self.stop()
        try:
            yield
        finally:
            self._stopped = threading.Event()

    def served_model(self) -> str:
        """The endpoint's model, or the only one that the server has.

        Raises ValueError where it does not answer, or has no such model.
        """
        url, wanted = self._endpoint.base, self._endpoint.model
        try:
            served = [
                str(one["id"]) for one in self._call("GET", f"{url}/models", None, self._endpoint.answer_s)["data"]
            ]
        except (_Passing, _Refused, ModelGone) as error:
            raise ValueError(f"the server at {url} cannot be used: {error}") from error
        except (LookupError, TypeError) as error:
            raise ValueError(f"the server at {url} does not say what it serves; is it OpenAI-compatible?") from error
        if wanted in served:
            return wanted
        if not wanted and len(served) == 1:
            return served[0]
        what = f"has no model {wanted!r}" if wanted else "needs a model to be named"
        raise ValueError(f"the server at {url} {what}; it serves {', '.join(served[:10]) or 'none'}")

    def _answer(self, question: Question, stopped: threading.Event) -> Answer:
        _check_wanted(stopped)
        tries = 1 if self._failures >= _DEAD_AFTER else self._endpoint.tries
        message = ""
        for number in range(tries):
            try:
                said = self._asked(question, _png, stopped) if number else self._asked_first(question, stopped)
                answer = _parsed(said)
            except _Passing as error:
                message = str(error)
                if number + 1 < tries:
                    stopped.wait(max(error.pause_s, min(_LONGEST_PAUSE_S, _PAUSE_S * 2**number)))
            except _Refused as error:
                return Answer("", FAILED, message=str(error))
            else:
                self._failures = 0
                return answer
        _check_wanted(stopped)
        self._failures += 1
        return Answer("", FAILED if self._is_alive() else GONE, message=message)

    def _asked_first(self, question: Question, stopped: threading.Event) -> Any:
        """Pictures go as they are stored, until a server has answered a PNG where it took no WebP."""
        if not self._takes_webp or not any(picture.webp for picture in question.pictures):
            return self._asked(question, _png, stopped)
        try:
            return self._asked(question, _as_stored, stopped)
        except (_Refused, _Passing) as error:
            if isinstance(error, _Passing) and error.status != _BROKEN:
                raise
        values = self._asked(question, _png, stopped)
        self._takes_webp = False
        return values

    def _asked(self, question: Question, url: Callable[[Picture], str], stopped: threading.Event) -> Any:
        self._pace.wait(stopped)
        _check_wanted(stopped)
        body = _body(self.name, question, url)
        return self._call("POST", f"{self._endpoint.base}/chat/completions", body, self._endpoint.answer_s)

    def _is_alive(self) -> bool:
        """Whether it still lists its models."""
        try:
            self._call("GET", f"{self._endpoint.base}/models", None, min(_LOOK_S, self._endpoint.answer_s))
        except (_Passing, _Refused, ModelGone):
            return False
        return True

    def _call(self, method: str, url: str, body: bytes | None, limit_s: float) -> Any:
        """The JSON of an answer that is whole in time. Raises _Passing, _Refused, or ModelGone."""
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
            raise _Passing(f"{type(error).__name__}: {error}") from error
        _check_time(until_s, limit_s)  # a header or a body that was cut off may look whole
        if response.status_code in _PASSING:
            asked_s = _asked_pause_s(response)
            what = f" (it asks for a pause of {asked_s:g} s)" if asked_s > limit_s else ""
            raise _Passing(_status(response, data) + what, min(asked_s, limit_s), response.status_code)
        if response.status_code in _CLOSED:
            message = f"{url} takes no questions ({_status(response, data)})"
            raise ModelGone(f"{message}; the same command goes on from here")
        if response.status_code != 200:
            raise _Refused(_status(response, data))
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise _Passing(f"an answer that is no JSON: {data[:80]!r}") from error


class _Passing(Exception):
    """A failure that another try may not meet; after `pause_s`, if the server has asked for one."""

    def __init__(self, message: str, pause_s: float = 0.0, status: int | None = None) -> None:
        super().__init__(message[:500])
        self.pause_s = pause_s
        self.status = status


class _Refused(Exception):
    """A failure that every try would meet."""


class _Bearer(AuthBase):
    """The key goes with the request and into no file; a .netrc is left alone."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        key = os.environ.get(KEY, "").strip()
        if not key.isascii() or not key.isprintable():  # requests would quote it in its own words
            raise ValueError(f"{KEY} holds characters that no key has")
        if key:
            request.headers["Authorization"] = f"Bearer {key}"
        return request


class _Pace:
    """Spaces calls evenly, so that there are no more than so many a minute."""

    def __init__(self, per_minute: int | None) -> None:
        self._interval_s = 60 / per_minute if per_minute else 0.0
        self._next_s = 0.0
        self._lock = threading.Lock()

    def wait(self, stopped: threading.Event) -> None:
        if not self._interval_s:
            return
        with self._lock:
            now_s = time.monotonic()
            start_s = max(now_s, self._next_s)
            self._next_s = start_s + self._interval_s
        stopped.wait(start_s - now_s)


def _check_wanted(stopped: threading.Event) -> None:
    if stopped.is_set():
        raise ModelGone("the question was given up; the same command goes on from here")


def _body(model: str, question: Question, url: Callable[[Picture], str]) -> bytes:
    """As OpenAI's chat completions take pictures: in data URLs."""
    content: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": url(picture)}} for picture in question.pictures
    ]
    content.append({"type": "text", "text": question.words})
    sampling = question.sampling
    return json.dumps({
        "model": model,
        "messages": [{"role": "user", "content": content}],
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": 1.0,  # a server's own default may leave another try no choice
        "seed": sampling.seed,
    }).encode()  # fmt: skip


def _as_stored(picture: Picture) -> str:
    return _data_url("webp", picture.webp) if picture.webp else _png(picture)


def _png(picture: Picture) -> str:
    return _data_url("png", picture.png)


def _data_url(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _read(response: requests.Response, until_s: float) -> bytes:
    """The body, as far as it is there in time. Raises _Refused where it is endless."""
    data = bytearray()
    with cut_after(until_s - time.monotonic(), response.raw.shutdown):
        while part := response.raw.read1(1 << 16, decode_content=False):
            data += part
            if len(data) > _MOST_BYTES:
                raise _Refused(f"an answer of more than {_MOST_BYTES} bytes")
    return bytes(data)


def _check_time(until_s: float, limit_s: float) -> None:
    if time.monotonic() >= until_s:
        raise _Passing(f"no whole answer in {limit_s:g} s")


def _parsed(values: Any) -> Answer:
    """One whose content is null is empty, which its finish reason explains. Raises _Passing, or _Refused where the
    answer is whole but says nothing."""
    try:
        choices = values["choices"]
        if choices == []:
            raise _Refused("an answer without a choice")
        text, reason = choices[0]["message"]["content"], choices[0]["finish_reason"]
        tokens = (values.get("usage") or {}).get("completion_tokens")
    except (LookupError, TypeError, AttributeError) as error:
        raise _Passing(f"an answer without a message: {json.dumps(values)[:80]}") from error
    if not isinstance(text, str | None) or not isinstance(reason, str):
        raise _Passing(f"an answer without a text: {json.dumps(choices[0])[:80]}")
    reason = _line(reason[:80])
    if reason in NO_ANSWER:
        reason = f"server: {reason}"  # its word, which is not ours
    return Answer(text or "", reason, tokens if is_count(tokens) else None)


def _status(response: requests.Response, data: bytes) -> str:
    return f"status {response.status_code}: {_line(data[:200].decode('utf-8', 'replace'))}"


def _line(text: str) -> str:
    """Without control characters: tables and terminals show it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _asked_pause_s(response: requests.Response) -> float:
    """What Retry-After asks for, in seconds; a date counts as nothing."""
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else 0.0
