"""Samples to a model that a test plays: what it is shown and asked, what is asked again, and what is kept."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest

from data_pipeline.caption import asking as module
from data_pipeline.caption.asking import Pictured, ask_for_captions, shown
from data_pipeline.caption.picture import Picture
from data_pipeline.caption.vision import FAILED, Answer, Keep, Question, nothing
from schemas.caption_options import CaptionOptions
from schemas.captions import Caption


def seen(rgba: np.ndarray) -> Picture:
    return shown(lambda: rgba, (rgba.shape[1], rgba.shape[0]))


FINE = 'A green card says "Buy now".'
GREEN = np.full((80, 120, 4), (0, 200, 0, 255), np.uint8)
SAMPLE = Pictured(seen(GREEN), (seen(GREEN[:60]), seen(GREEN[:, :70])), ("Buy now",), ("old",))


class Model:
    name, revision = "tiny", "r1"

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.rounds: list[list[Question]] = []

    def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
        self.rounds.append([*questions])
        text = self.texts[min(len(self.rounds), len(self.texts)) - 1]
        return [Answer(text, FAILED if text == "failed" else "stop", 7) for _ in questions]


def test_a_caption_says_where_it_comes_from() -> None:
    (found,) = ask_for_captions(Model(FINE), "qwen", [SAMPLE], CaptionOptions())
    assert found.captions == (
        Caption(FINE, "en", "long", "qwen", (), "tiny", "r1", "composite.long.en/1+facts.en/1", "stop", None, 7, 1.0),
    )
    assert found.layer_captions == (None, None)


def test_all_of_a_batch_is_asked_at_once() -> None:
    model = Model(FINE)
    options = CaptionOptions(caption_language="both", caption_length="both", caption_layers=True)
    first, second = ask_for_captions(model, "qwen", [SAMPLE, Pictured(seen(GREEN), (seen(GREEN),))], options)
    assert [len(asked) for asked in model.rounds] == [4 + 2 + 4 + 1, 4, 4]  # English is no Chinese
    assert [(one.language, one.length) for one in first.captions] == [
        ("en", "long"), ("en", "short"), ("zh", "long"), ("zh", "short")
    ]  # fmt: skip
    assert [one and one.prompt_version for one in second.layer_captions] == ["layer.long.en/1"]
    assert {asked.sampling.max_tokens for asked in model.rounds[0]} == {512, 128}


def test_only_what_is_bad_is_asked_again_and_the_best_is_kept() -> None:
    model = Model("The image you've provided: 1. **a**", "Sure, a cat.", "")
    (found,) = ask_for_captions(model, "qwen", [SAMPLE], CaptionOptions())
    assert (found.captions[0].text, found.captions[0].flags) == ("Sure, a cat.", ("meta",))
    assert [asked[0].sampling.temperature for asked in model.rounds] == [0.0, 0.7, 1.0]
    assert len({asked[0].sampling.seed for asked in model.rounds}) == 3


def test_a_failure_is_not_asked_again() -> None:
    model = Model("failed", FINE)
    (found,) = ask_for_captions(model, "qwen", [SAMPLE], CaptionOptions())
    assert (found.captions[0].flags, found.captions[0].finish_reason) == (("failed",), "failed")
    assert len(model.rounds) == 1


def test_texts_are_given_by_option() -> None:
    for given in (True, False):
        model = Model(FINE)
        (found,) = ask_for_captions(model, "qwen", [SAMPLE], CaptionOptions(caption_text=given))
        assert ("Buy now" in model.rounds[0][0].words) == given
        assert found.captions[0].quoted == 1.0  # measured all the same


def test_pictures_are_shown_over_grey_and_not_larger_than_a_megapixel() -> None:
    faint = np.zeros((2000, 1000, 4), np.uint8)
    faint[..., 0], faint[..., 3] = 255, 51
    model = Model(FINE)
    ask_for_captions(model, "qwen", [Pictured(seen(faint))], CaptionOptions())
    (picture,) = model.rounds[0][0].pictures
    height, width, _ = picture.pixels.shape
    assert 0.99 * (1 << 20) < height * width <= 1 << 20
    assert np.unique(picture.pixels.reshape(-1, 3), axis=0).tolist() == [[153, 102, 102]]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 3000), (5000, 3), (56, 56), (30, 200)])
def test_what_is_too_thin_for_a_model_gets_a_margin(height: int, width: int) -> None:
    model = Model(FINE)
    ask_for_captions(model, "qwen", [Pictured(seen(np.full((height, width, 4), 255, np.uint8)))], CaptionOptions())
    (picture,) = model.rounds[0][0].pictures
    assert min(picture.pixels.shape[:2]) >= 56
    assert max(picture.pixels.shape[:2]) <= 50 * min(picture.pixels.shape[:2])
    assert np.count_nonzero((picture.pixels == 255).all(axis=2)) == height * width


def test_what_is_seen_is_the_version_in_its_name() -> None:
    """Where this fails, `seen` has changed: raise its version with this hash, or old answers are taken for new ones."""
    rng = np.random.default_rng(0)
    sizes = [(1100, 1000), (40, 30), (90, 7), (60, 80)]
    digest = hashlib.sha256()
    for size in sizes:
        digest.update(module.seen(rng.integers(0, 256, (*size, 4), np.uint8)).data)
    assert (module._SEEN, digest.hexdigest()[:16]) == ("seen/1", "1c273f18564a1718")


@pytest.mark.parametrize(
    ("size", "is_sent"), [((1024, 1024), True), ((1025, 1024), False), ((55, 56), False), ((56, 2801), False)]
)
def test_what_a_model_sees_as_it_is_stored_is_sent_so(size: tuple[int, int], is_sent: bool) -> None:
    """Neither what is reduced for it, nor what gets a margin."""
    stored = b"RIFF....WEBPVP8L....." + bytes(9)
    picture = shown(lambda: GREEN, size, "hash", lambda: stored)
    assert picture.name == "seen/1 hash"
    assert picture.webp == (stored if is_sent else b"")


def test_nothing_to_ask_is_nothing_asked() -> None:
    model = Model(FINE)
    assert ask_for_captions(model, "qwen", [], CaptionOptions()) == []
    assert model.rounds == []
