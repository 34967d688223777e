"""A model is asked once about the same pixels in the same words, and again where anything differs."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from data_pipeline.caption.picture import Picture, picture_of
from data_pipeline.caption.vision import (
    NO_ANSWER,
    Answer,
    Keep,
    ModelGone,
    Pending,
    Question,
    Remembered,
    Sampling,
    nothing,
    question_hash,
)

PICTURE = np.zeros((4, 6, 3), np.uint8)
SHOWN = picture_of(PICTURE)
QUESTION = Question((SHOWN,), "What?")


class Model:
    name, revision = "model", "1"

    def __init__(self, finish_reason: str = "stop") -> None:
        self.asked: list[str] = []
        self.finish_reason = finish_reason

    def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
        self.asked += [question.words for question in questions]
        answers = [Answer(question.words.upper(), self.finish_reason, 1) for question in questions]
        for place, answer in enumerate(answers):
            keep(place, answer)
        return answers


def test_an_answer_is_remembered_over_runs() -> None:
    model, memory = Model(), dict[str, bytes]()
    first = Remembered(model, memory).answers([QUESTION, Question((SHOWN,), "Who?"), QUESTION])
    again = Remembered(model, memory).answers([QUESTION, Question((SHOWN,), "Why?")])
    assert [answer.text for answer in first] == ["WHAT?", "WHO?", "WHAT?"]
    assert [answer.text for answer in again] == ["WHAT?", "WHY?"]
    assert model.asked == ["What?", "Who?", "Why?"]


class Slow(Model):
    """Answers when it may; the first of its askers is told to fail, if any is."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
        self.is_asked.set()
        assert self.may_answer.wait(10)
        if self.failures:
            self.failures -= 1
            raise ModelGone("as asked")
        return super().answers(questions, keep)


@pytest.mark.parametrize("failures", [0, 1])
def test_what_one_thread_asks_the_others_wait_for_and_ask_themselves_where_it_fails(failures: int) -> None:
    """Also where each remembers for itself, as the bundles of a process do."""
    model, pending, memory = Slow(failures), Pending(), dict[str, bytes]()
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(Remembered(model, memory, pending).answers, [QUESTION])
        assert model.is_asked.wait(10)
        others = [threads.submit(Remembered(model, memory, pending).answers, [QUESTION]) for _ in range(2)]
        time.sleep(0.05)  # they have come to wait, or soon will, which must make no difference
        model.may_answer.set()
        assert [other.result()[0].text for other in others] == ["WHAT?", "WHAT?"]
        assert isinstance(first.exception(), ModelGone) == bool(failures)
    assert model.asked == ["What?"]


@pytest.mark.parametrize("reason", NO_ANSWER)
def test_a_failure_is_not_remembered(reason: str) -> None:
    model, memory = Model(reason), dict[str, bytes]()
    for _ in range(2):
        Remembered(model, memory).answers([QUESTION])
    assert (len(model.asked), memory) == (2, {})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"text": "a"}',
        b'{"other": 1}',
        b'{"text": null, "finish_reason": "stop"}',
        b'{"text": "a", "finish_reason": 7}',
        b'{"text": "a", "finish_reason": "failed"}',
        b'{"text": "a", "finish_reason": "stop", "tokens": "x"}',
        b'{"text": "a", "finish_reason": "stop", "tokens": 1000000000000000000000000}',
    ],
)
def test_a_damaged_memory_is_asked_again(data: bytes) -> None:
    model, memory = Model(), {question_hash(Model(), QUESTION): data}
    assert Remembered(model, memory).answers([QUESTION]) == [Answer("WHAT?", "stop", 1)]
    assert model.asked == ["What?"]


def test_what_is_remembered_is_not_looked_at() -> None:
    def unwanted() -> np.ndarray:
        raise AssertionError("nobody looks")

    model, memory = Model(), dict[str, bytes]()
    for picture in (Picture(lambda: PICTURE, "name"), Picture(unwanted, "name")):
        assert Remembered(model, memory).answers([Question((picture,), "What?")])[0].text == "WHAT?"
    assert model.asked == ["What?"]


def test_everything_that_decides_an_answer_is_in_its_name() -> None:
    other = Model()
    other.revision = "2"
    named = Model()
    named.name = "another"
    pixel = PICTURE.copy()
    pixel[0, 0, 0] = 1
    hashes = {
        question_hash(Model(), QUESTION),
        question_hash(other, QUESTION),
        question_hash(named, QUESTION),
        question_hash(Model(), Question((SHOWN,), "Who?")),
        question_hash(Model(), Question((SHOWN,), "What?", Sampling(seed=1))),
        question_hash(Model(), Question((SHOWN,), "What?", Sampling(temperature=1))),
        question_hash(Model(), Question((SHOWN,), "What?", Sampling(max_tokens=1))),
        question_hash(Model(), Question((picture_of(pixel),), "What?")),
        question_hash(Model(), Question((picture_of(PICTURE.reshape(6, 4, 3)),), "What?")),
        question_hash(Model(), Question((SHOWN, SHOWN), "What?")),
    }
    assert len(hashes) == 10
    assert question_hash(Model(), Question((picture_of(PICTURE[::1].copy()),), "What?")) in hashes
