"""What a model says of a detector's finding, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from data_pipeline.anomaly import Judge, Scene, Subject, judged
from data_pipeline.anomaly.second_opinion import SecondOpinion
from data_pipeline.caption.vision import FAILED, Answer, Keep, Question, nothing
from schemas.reasons import DropReason, Objection
from schemas.stack import PlainLayer, Stack

GREEN = np.full((20, 30, 4), (0, 200, 0, 255), np.uint8)
MARK = PlainLayer((2, 2, 6, 6), np.full((4, 4, 4), (255, 0, 0, 127), np.uint8), (1,))
SCENE = Scene(Stack(30, 20, (PlainLayer((0, 0, 30, 20), GREEN, (0,)), MARK)))


class Model:
    name, revision = "model", "1"

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[Question] = []

    def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
        self.asked += questions
        return [Answer(self.text, "stop" if self.text else FAILED) for _ in questions]


@dataclass(frozen=True)
class Says:
    """A detector that measures the same of every layer."""

    value: float
    reason: DropReason = DropReason.WATERMARK
    threshold: float = 0.5

    def measure(self, subject: Subject) -> float:
        return self.value


def verdict(model: Model, *judges: Judge):
    return judged(Subject(MARK, (), SCENE, 1), judges, SecondOpinion(model))


@pytest.mark.parametrize(
    ("text", "objection"),
    [
        ("Yes", None),
        (" yes, it is.", None),
        ("**YES**", None),
        ("No", Objection.DOUBTED),
        ("no: it is art", Objection.DOUBTED),
        ("", Objection.UNCONFIRMED),
        ("Nothing of the kind", Objection.UNCONFIRMED),
        ("Yesterday", Objection.UNCONFIRMED),
        ("I cannot tell", Objection.UNCONFIRMED),
        ('"No"', Objection.DOUBTED),
        ("No\nIt is", Objection.DOUBTED),
        ("No it is art", Objection.DOUBTED),
        ("No, wait: yes", Objection.DOUBTED),
        ("The answer is no.", Objection.DOUBTED),
        ("The answer is: **Yes**", None),
        ("No idea.", Objection.UNCONFIRMED),
        ("No answer", Objection.UNCONFIRMED),
        ("No-one knows", Objection.UNCONFIRMED),
        ("yes/no", Objection.UNCONFIRMED),
        ("yes or no", Objection.UNCONFIRMED),
        ("是", None),
        ("是的，这是水印", None),
        ("否", Objection.DOUBTED),
        ("不是。", Objection.DOUBTED),
        ("答案是：否。", Objection.DOUBTED),
        ("是否", Objection.UNCONFIRMED),
    ],
)
def test_one_word_decides(text: str, objection: Objection | None) -> None:
    assert SecondOpinion(Model(text)).objection(SCENE.composite, MARK.rgba, DropReason.GUIDE) == objection


def test_where_it_agrees_the_layer_goes() -> None:
    said = verdict(Model("yes"), Judge(Says(0.9)))
    assert (said.drop, said.flags, said.measures) == (Says(0.9), (), {"watermark": 0.9})


def test_where_it_doubts_the_layer_stays_and_is_flagged() -> None:
    said = verdict(Model("no"), Judge(Says(0.9)))
    assert (said.drop, said.flags, said.measures) == (None, ("watermark_doubted",), {"watermark": 0.9})


def test_where_it_does_not_answer_the_detector_decides() -> None:
    said = verdict(Model(""), Judge(Says(0.9)))
    assert (said.drop, said.flags) == (Says(0.9), ("watermark_unconfirmed",))


def test_after_a_doubt_the_next_detector_is_heard() -> None:
    class Picky(Model):
        def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
            return [Answer("yes" if "placeholder" in question.words else "no", "stop") for question in questions]

    second = Says(0.8, DropReason.PLACEHOLDER)
    said = verdict(Picky(""), Judge(Says(0.9)), Judge(second))
    assert (said.drop, said.flags) == (second, ("watermark_doubted",))


def test_it_is_asked_only_before_a_layer_is_dropped() -> None:
    model = Model("yes")
    verdict(model, Judge(Says(0.4)), Judge(Says(0.9), "flag"))
    assert model.asked == []
    verdict(model, Judge(Says(0.9)), Judge(Says(0.9, DropReason.GUIDE)))
    assert len(model.asked) == 1


def test_it_sees_the_picture_and_the_layer_over_grey() -> None:
    model = Model("yes")
    verdict(model, Judge(Says(0.9)))
    composite, layer = (picture.pixels for picture in model.asked[0].pictures)
    assert composite.shape == (20, 30, 3)
    assert composite[15, 15].tolist() == [0, 200, 0]
    assert layer.shape == (4, 4, 3)
    assert np.unique(layer.reshape(-1, 3), axis=0).tolist() == [[191, 64, 64]]  # half of red over 128


def test_a_large_picture_is_shown_small() -> None:
    model = Model("yes")
    large = np.full((1536, 3072, 4), 255, np.uint8)
    SecondOpinion(model).objection(large, large[:900, :100], DropReason.WATERMARK)
    assert [picture.pixels.shape for picture in model.asked[0].pictures] == [(384, 768, 3), (768, 85, 3)]
    assert all((picture.pixels == 255).all() for picture in model.asked[0].pictures)
