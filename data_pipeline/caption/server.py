"""An OpenAI-compatible endpoint (vLLM, SGLang) as a vision-language model: pictures over HTTP, answers back.

A question is tried several times, with growing pauses. One that the server refuses, answers without a text, or leaves
without an answer while it lists its models is `failed`: that is the question's fault. One that stays without an answer
where the server says nothing at all any more is `gone`. A server that has left so many questions in a row without an
answer gets one try for each further one, so that a dead one costs little. A server that takes no questions at all (a
key that it refuses, an address that is another's) is a ModelGone: what is wrong with it is not the questions' fault.
"""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from data_pipeline.caption.endpoint import Calls, Endpoint, Passing, Refused, one_line
from data_pipeline.caption.picture import Picture
from data_pipeline.caption.vision import FAILED, GONE, NO_ANSWER, Answer, Keep, ModelGone, Question, is_count, nothing

_PAUSE_S = 1.0  # before the second try, doubled for each further one
_LONGEST_PAUSE_S = 30.0  # but for one that a server asks for, up to answer_s
_LOOK_S = 10.0  # a server that lives lists its models in that time
_BROKEN = 500  # a server's state, also that of one that cannot read a picture
_DEAD_AFTER = 3  # questions in a row without an answer


class Server:
    """Its `revision` is empty: a server does not tell that of its weights.

    Threads may share one: the questions of all are asked `concurrency` at a time, in their order.
    """

    revision = ""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.model
        self._endpoint = endpoint
        self._calls = Calls(endpoint)
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
            served = [str(one["id"]) for one in self._calls.get("models", self._endpoint.answer_s)["data"]]
        except (Passing, Refused, ModelGone) as error:
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
            except Passing as error:
                message = str(error)
                if number + 1 < tries:
                    stopped.wait(max(error.pause_s, min(_LONGEST_PAUSE_S, _PAUSE_S * 2**number)))
            except Refused as error:
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
        except (Refused, Passing) as error:
            if isinstance(error, Passing) and error.status != _BROKEN:
                raise
        values = self._asked(question, _png, stopped)
        self._takes_webp = False
        return values

    def _asked(self, question: Question, url: Callable[[Picture], str], stopped: threading.Event) -> Any:
        self._pace.wait(stopped)
        _check_wanted(stopped)
        return self._calls.post("chat/completions", _body(self.name, question, url), self._endpoint.answer_s)

    def _is_alive(self) -> bool:
        """Whether it still lists its models."""
        try:
            self._calls.get("models", min(_LOOK_S, self._endpoint.answer_s))
        except (Passing, Refused, ModelGone):
            return False
        return True


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


def _parsed(values: Any) -> Answer:
    """One whose content is null is empty, which its finish reason explains. Raises Passing, or Refused where the
    answer is whole but says nothing."""
    try:
        choices = values["choices"]
        if choices == []:
            raise Refused("an answer without a choice")
        text, reason = choices[0]["message"]["content"], choices[0]["finish_reason"]
        tokens = (values.get("usage") or {}).get("completion_tokens")
    except (LookupError, TypeError, AttributeError) as error:
        raise Passing(f"an answer without a message: {json.dumps(values)[:80]}") from error
    if not isinstance(text, str | None) or not isinstance(reason, str):
        raise Passing(f"an answer without a text: {json.dumps(choices[0])[:80]}")
    reason = one_line(reason[:80])
    if reason in NO_ANSWER:
        reason = f"server: {reason}"  # its word, which is not ours
    return Answer(text or "", reason, tokens if is_count(tokens) else None)
