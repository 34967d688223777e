"""What is captioned, in which language, how long -> the words that a model is asked, and their version.

The prompts are files of `prompts/`: the first line is their version, to be raised with every change. They ask for what
the released pipeline of Qwen-Image-Layered asks where it has no prompt (natural language; attributes, relations,
surroundings, text quoted untranslated; only what is visible), so that captions of training and of inference are alike.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from data_pipeline.caption.wording import JOINERS

COMPOSITE, LAYER = "composite", "layer"
_MOST_CHARACTERS = 2_000  # of the PSD's texts


@dataclass(frozen=True)
class Prompt:
    """`version` is like "composite.long.en/1", with that of the facts where they are given."""

    words: str
    version: str


def prompt(subject: str, length: str, language: str, shown: Sequence[str] = (), hidden: Sequence[str] = ()) -> Prompt:
    """`shown` are the PSD's texts that stand in the picture, `hidden` its others; they are quoted as JSON."""
    asked = _read(f"{subject}.{length}.{language}")
    shown, hidden = _within(shown, _MOST_CHARACTERS), _within(hidden, _MOST_CHARACTERS // 4)
    if not shown and not hidden:
        return asked
    facts = _read(f"facts.{language}")
    lists = {"{shown}": _listed(shown), "{hidden}": _listed(hidden)}
    words = re.sub("|".join(lists), lambda place: lists[place[0]], facts.words)  # at once: texts may hold anything
    return Prompt(f"{asked.words}\n\n{words}", f"{asked.version}+{facts.version}")


@cache
def _read(name: str) -> Prompt:
    first, _, words = files(__package__).joinpath("prompts", f"{name}.txt").read_text("utf-8").partition("\n")
    return Prompt(words.strip(), f"{name}/{first.removeprefix('version ')}")


def _within(texts: Sequence[str], characters: int) -> list[str]:
    """Texts as long as there is room, the shortest first, in their own order; none is cut."""
    lines = dict.fromkeys(_line(text) for text in texts)
    room: list[str] = []
    for line in sorted(lines, key=len):
        characters -= len(line)
        if characters < 0:
            break
        room.append(line)
    return [line for line in lines if line and line in room]


def _line(text: str) -> str:
    """One line; what would be a mark of the conversation, or controls a terminal, is none any more."""
    seen = (" " if unicodedata.category(one).startswith("C") and one not in JOINERS else one for one in text)
    return " ".join("".join(seen).split()).replace("<|", "< |")


def _listed(texts: Sequence[str]) -> str:
    return json.dumps([*texts], ensure_ascii=False)
