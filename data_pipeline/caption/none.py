"""The captioner that writes none: for corpora that are captioned later."""

from data_pipeline.caption.facts import CaptionFacts
from schemas.captions import Caption

name = "none"


def caption(facts: CaptionFacts) -> tuple[Caption, ...]:
    return ()


def caption_layers(facts: CaptionFacts) -> tuple[Caption | None, ...]:
    return (None,) * len(facts.stack.layers)
