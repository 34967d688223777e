"""Pictures and a question in, what a vision-language model says out; and a memory for what it has said.

A model may be a server (`server`), or anything with a name, a revision and `answers`.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Protocol

from data_pipeline.caption.picture import Picture

FAILED = "failed"  # the finish reason of a question that a model refused, that is too much for it, or stops it short
GONE = "gone"  # of one that stayed without an answer in all tries, of a model that says nothing any more
NO_ANSWER = (FAILED, GONE)
_MEMORY_VERSION = 2


@dataclass(frozen=True)
class Sampling:
    """How a model draws its words: greedily at temperature 0."""

    max_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Question:
    """`pictures` are shown in this order before the words."""

    pictures: tuple[Picture, ...] = field(repr=False)
    words: str
    sampling: Sampling = Sampling()


@dataclass(frozen=True)
class Answer:
    """`finish_reason` is the model's own (`stop`, `length`), or one of NO_ANSWER, and `message` says why."""

    text: str
    finish_reason: str
    tokens: int | None = None
    message: str | None = None


Keep = Callable[[int, Answer], None]


def nothing(place: int, answer: Answer) -> None:
    """What is done with an answer that nobody wants before the others."""


class VisionModel(Protocol):
    @property
    def name(self) -> str:
        """As it is published."""

    @property
    def revision(self) -> str:
        """Of its weights, as far as it is known."""

    def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
        """In the order of the questions; what cannot be answered raises nothing.

        `keep` is called with a question's place and its answer as soon as it is there.
        """


class ModelGone(Exception):
    """No more answers are to be had: the run has to end, and the next one goes on from what was kept."""


class Memory(Protocol):
    """Bytes by name; a dict is one."""

    def get(self, name: str, /) -> bytes | None: ...

    def __setitem__(self, name: str, data: bytes, /) -> None: ...


@dataclass(frozen=True)
class _Keeper:
    """Writes answers down as they come. It may be sent to another process."""

    memory: Memory
    keys: tuple[str, ...]

    def __call__(self, place: int, answer: Answer) -> None:
        if answer.finish_reason not in NO_ANSWER:
            self.memory[self.keys[place]] = json.dumps(asdict(answer), sort_keys=True).encode()


class Pending:
    """The questions that threads are asking, by their hash: what one of them is asking, the others wait for."""

    def __init__(self) -> None:
        self._asked: dict[str, Future[Answer]] = {}
        self._lock = threading.Lock()

    def claim(self, keys: Sequence[str]) -> tuple[dict[str, Future[Answer]], dict[str, Future[Answer]]]:
        """What is this thread's to find, and what another one is finding."""
        with self._lock:
            others = {key: self._asked[key] for key in keys if key in self._asked}
            own: dict[str, Future[Answer]] = {key: Future() for key in keys if key not in others}
            self._asked |= own
        return own, others

    def release(self, own: Mapping[str, Future[Answer]]) -> None:
        with self._lock:
            for key, future in own.items():
                del self._asked[key]
                future.cancel()  # where there is no answer


class Remembered:
    """A model that is asked the same question about the same pixels only once; failures are not remembered.

    Threads may share one, or those that share `pending`.
    """

    def __init__(self, model: VisionModel, memory: Memory, pending: Pending | None = None) -> None:
        self._model = model
        self._memory = memory
        self._pending = pending or Pending()

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def revision(self) -> str:
        return self._model.revision

    def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
        keys = [question_hash(self._model, question) for question in questions]
        wanted = dict(zip(keys, questions, strict=True))
        found: dict[str, Answer] = {}
        while missing := [key for key in wanted if key not in found]:
            own, others = self._pending.claim(missing)
            try:
                found |= self._answers({key: wanted[key] for key in own})
                for key, future in own.items():
                    future.set_result(found[key])
            finally:
                self._pending.release(own)
            # Only now: who waits keeps nobody waiting. What another thread gave up is asked here.
            for key, future in others.items():
                with suppress(CancelledError):
                    found[key] = future.result()
        answers = [found[key] for key in keys]
        for place, answer in enumerate(answers):
            keep(place, answer)
        return answers

    def _answers(self, wanted: Mapping[str, Question]) -> dict[str, Answer]:
        known = {key: answer for key in wanted if (answer := _answer(self._memory.get(key))) is not None}
        unknown = [key for key in wanted if key not in known]
        if not unknown:
            return known
        keeper = _Keeper(self._memory, tuple(unknown))
        answers = self._model.answers([wanted[key] for key in unknown], keeper)
        return known | dict(zip(unknown, answers, strict=True))


def is_count(value: object) -> bool:
    """Whether it may be a number of tokens."""
    return type(value) is int and 0 <= value < 1 << 31


def question_hash(model: VisionModel, question: Question) -> str:
    """Of all that decides an answer: model, revision, words, sampling and pixels; 64 hex digits."""
    pictures = [picture.name for picture in question.pictures]
    decides = [_MEMORY_VERSION, model.name, model.revision, question.words, asdict(question.sampling), pictures]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()


def _answer(data: bytes | None) -> Answer | None:
    """None where nothing is remembered, or no answer."""
    try:
        answer = None if data is None else Answer(**json.loads(data))
    except (ValueError, TypeError, RecursionError):
        return None
    if answer is None or not isinstance(answer.text, str) or not isinstance(answer.finish_reason, str):
        return None
    is_whole = answer.finish_reason not in NO_ANSWER and (answer.tokens is None or is_count(answer.tokens))
    return answer if is_whole and answer.message is None else None
