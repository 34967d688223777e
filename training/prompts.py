"""A caption and what the type layers of its document say in, the prompt that a model is given out.

Qwen-Image-Layered's prompts are to describe the whole picture, the text that is hidden in it too; a file knows what no
eye sees. Texts that a caption does not quote may follow it in a sentence. Where the layers have captions, it is those
that a layer's quotes: what was switched off in the file stands in no layer.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from data_pipeline.caption.wording import clean, enumeration, quoted
from training.captions import EMPTY_PROMPT, SampleCaption
from training.recipes import COMPOSITE, Recipe, TextOrder

_MOST_TEXTS = 8
_MOST_READ = 256  # texts of a file that are looked at
_TEXT_CHARACTERS = 160
_ALL_CHARACTERS = 500  # of all texts; the shortest have room first
_TELLING_WORDS = 12  # by whose beginning a long text is known to be quoted
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_NOWHERE = (1 << 31, 0)


@dataclass(frozen=True)
class FileText:
    """One line of safe characters. `place` is (top, left) of the layer that it stands in, in pixels, after all others
    where no layer's caption tells."""

    words: str
    place: tuple[int, int] = _NOWHERE


def prompt_of(recipe: Recipe, captions: Sequence[SampleCaption], metadata: Mapping[str, Any]) -> str:
    """`captions` are those of `metadata`, a KEY.json that its schema allows; {} for a picture without layers."""
    if recipe.caption is None:
        return EMPTY_PROMPT
    caption = captions[recipe.caption]
    return caption.text if recipe.texts is None else with_texts(caption, metadata, recipe.texts)


def with_texts(caption: SampleCaption, metadata: Mapping[str, Any], order: TextOrder) -> str:
    """A caption of the composite, and the file's texts that it does not quote; the caption itself where there is none,
    or it is a layer's."""
    texts = further_texts(caption, metadata) if caption.layer == COMPOSITE else []
    if order is TextOrder.READING:
        texts = sorted(texts, key=lambda text: text.place)
    words = [text.words for text in texts]
    if not words:
        return caption.text
    said = caption.text.rstrip()
    if caption.language.startswith("zh"):
        return f"{said}{'。' if said[-1:].isalnum() else ''}其他文字为{'、'.join(f'“{one}”' for one in words)}。"
    return f"{said}{'.' if said[-1:].isalnum() else ''} Further text reads {enumeration([*map(quoted, words)])}."


def further_texts(caption: SampleCaption, metadata: Mapping[str, Any]) -> list[FileText]:
    """What the file says and the caption does not, bottom to top, each text once."""
    lines = dict.fromkeys(clean(text, _TEXT_CHARACTERS) for text in islice(metadata.get("psd_text", ()), _MOST_READ))
    said = _spelt(caption.text)
    missing = [line for line in lines if _is_text(line) and not _quotes(said, line)]
    return _within(_placed(missing, metadata)) if missing else []


def _placed(lines: Sequence[str], metadata: Mapping[str, Any]) -> list[FileText]:
    """Those that stand in a layer; all where no layer has a caption that would say so."""
    told = [
        (_spelt(caption["text"]), layer["box"])
        for layer, caption in zip(metadata["layers"], metadata["layer_captions"], strict=True)
        if caption is not None
    ]
    if not told:
        return [FileText(line) for line in lines]
    boxes = [(line, next((box for said, box in told if _quotes(said, line)), None)) for line in lines]
    return [FileText(line, (box[1], box[0])) for line, box in boxes if box is not None]


def _within(texts: Sequence[FileText]) -> list[FileText]:
    """As many as there is room for, the shortest first, in the order in which they came; none is cut."""
    room, kept = _ALL_CHARACTERS, set[str]()
    for text in sorted(texts, key=lambda text: len(text.words))[:_MOST_TEXTS]:
        room -= len(text.words)
        if room >= 0:
            kept.add(text.words)
    return [text for text in texts if text.words in kept]


def _is_text(line: str) -> bool:
    """A font of icons has no letters."""
    return _WORD.search(line) is not None


def _quotes(said: str, line: str) -> bool:
    """Whether the words stand in it as they follow each other, whatever lies between them."""
    words = _WORD.findall(_folded(line))[:_TELLING_WORDS]
    return f" {' '.join(words)} " in said


def _spelt(text: str) -> str:
    return f" {' '.join(_WORD.findall(_folded(text)))} "


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
