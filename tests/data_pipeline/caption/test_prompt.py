"""Prompts are versioned files; the PSD's texts go into them as data."""

import json

import pytest

from data_pipeline.caption.prompt import COMPOSITE, LAYER, prompt
from schemas.caption_options import LANGUAGES, LENGTHS


@pytest.mark.parametrize("subject", [COMPOSITE, LAYER])
@pytest.mark.parametrize("language", LANGUAGES[:2])
@pytest.mark.parametrize("length", LENGTHS[:2])
def test_every_prompt_is_there(subject: str, length: str, language: str) -> None:
    asked = prompt(subject, length, language)
    assert asked.version == f"{subject}.{length}.{language}/1"
    assert len(asked.words) > 50
    assert "version" not in asked.words
    assert "{" not in asked.words


def test_texts_are_given_as_json() -> None:
    asked = prompt(COMPOSITE, "long", "en", ['Say "hi"\rand\x03go', "Salé"], ["was {shown}"])
    assert asked.version == "composite.long.en/1+facts.en/1"
    assert asked.words.startswith(prompt(COMPOSITE, "long", "en").words)
    assert json.dumps(['Say "hi" and\x03go', "Salé"], ensure_ascii=False) in asked.words
    assert '["was {shown}"]' in asked.words


def test_without_texts_no_facts_are_given() -> None:
    assert prompt(COMPOSITE, "long", "en", ["", " \n"], []) == prompt(COMPOSITE, "long", "en")


def test_a_text_is_given_once_and_never_in_part() -> None:
    words = prompt(COMPOSITE, "short", "zh", ["one", "one", "x" * 1990, "y" * 50, "z"]).words
    assert words.count('"one"') == 1
    assert '"' + "x" * 1990 + '"' in words
    assert "yyy" not in words


def test_what_the_prompt_asks_is_what_inference_asks() -> None:
    """Sentences and no lists; attributes, relations, surroundings, text quoted untranslated; only what is visible."""
    words = prompt(COMPOSITE, "long", "en").words
    for asked in (
        "No lists",
        "attributes",
        "to one another",
        "surroundings",
        "in its own language",
        "only what can be",
    ):
        assert asked in words
