"""Placeholders: what a template holds where its buyer's picture or text belongs."""

import re
from dataclasses import dataclass

import numpy as np

from data_pipeline.anomaly.detector import Subject
from data_pipeline.anomaly.wording import PLACEHOLDER, lorem_share
from schemas.reasons import DropReason

_FRAME = re.compile(r"\b(image|img|photo|picture|pic|thumb(nail)?|avatar|frame|screen|mock ?up)\b", re.IGNORECASE)
_GREYS = (0x60, 0xF4)  # a default grey: neither near black nor near white
_MAX_NAME_WORDS = 8  # a name is one to a few words: a sentence that says "logo" is content


@dataclass(frozen=True)
class Placeholder:
    """Measures 1 for words that ask for the buyer's own ("your logo here"), the share of filler Latin in a text, and
    0.8 for a plain grey frame that is called a picture."""

    threshold: float
    reason: DropReason = DropReason.PLACEHOLDER

    def measure(self, subject: Subject) -> float:
        words = [*subject.texts, *(name for name in subject.names if len(name.split()) <= _MAX_NAME_WORDS)]
        if any(PLACEHOLDER.search(one) for one in words):
            return 1.0
        latin = max((lorem_share(text) for text in subject.texts), default=0.0)
        if latin > self.threshold:
            return latin
        is_frame = any(_FRAME.search(name) for name in subject.names) and not subject.texts
        return 0.8 if is_frame and _is_grey(subject.layer.rgba) else latin


def _is_grey(rgba: np.ndarray) -> bool:
    """Whether all that is solid is one grey."""
    solid = rgba[rgba[..., 3] >= 128][:, :3]
    if not len(solid):
        return False
    low, high = solid.min(axis=0), solid.max(axis=0)
    level = int(low.min())
    return int(high.max()) - level <= 4 and _GREYS[0] <= level <= _GREYS[1]
