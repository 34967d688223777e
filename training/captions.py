"""A sample's KEY.json or KEY.txt in, its captions out, in the order in which an index numbers them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.recipes import COMPOSITE

EMPTY_PROMPT = " "  # as the released pipeline words that there is none


@dataclass(frozen=True)
class SampleCaption:
    """Of the composite (`layer` COMPOSITE) or of a layer, which never has the composite's. `flags` counts what quality
    control found wrong with it."""

    layer: int
    text: str
    language: str = ""
    length: str = ""
    flags: int = 0


def captions_of(metadata: Mapping[str, Any]) -> list[SampleCaption]:
    """Of a KEY.json that its schema allows. Blank ones are none."""
    whole = [(COMPOSITE, caption) for caption in metadata["captions"]]
    own = [(layer, caption) for layer, caption in enumerate(metadata["layer_captions"]) if caption is not None]
    return [
        SampleCaption(layer, one["text"], one["language"], one["length"], len(one["flags"]))
        for layer, one in (*whole, *own)
        if one["text"].strip()
    ]


def captions_in(text: bytes) -> list[SampleCaption]:
    """Of the KEY.txt of a flat picture. ValueError where it is not UTF-8."""
    try:
        words = text.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"its caption is not UTF-8: {error}") from error
    return [SampleCaption(COMPOSITE, words)] if words else []
