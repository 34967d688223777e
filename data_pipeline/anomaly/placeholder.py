"""Placeholders: what a template holds where its buyer's picture or text belongs."""

import re
from dataclasses import dataclass

import numpy as np

from data_pipeline.anomaly.detector import Subject
from data_pipeline.anomaly.wording import asks_in_name, asks_in_text, lorem_share, plain_words
from schemas.reasons import DropReason

_PICTURE = re.compile(r"\b(image|img|photo(graph)?|picture|pic|thumb(nail)?|avatar|mock ?up)s?\b", re.IGNORECASE)
_PART = re.compile(
    r"\b(shadow|border|stroke|icon|bg|background|overlay|mask|line|caption|btn|button)s?\b", re.IGNORECASE
)
_GREYS = (0x60, 0xF4)  # a default grey: neither near black nor near white
_MOST = 0.9  # of a frame's solid pixels have one grey; wireframes draw a cross into it
_COMPACT = 0.7  # of its box that a frame fills: a disc fills 0.79
_LEAST_SIDE = 24  # px: smaller is an icon
_COVERED = 0.5  # more is the ground of the picture that lies on it
_SIDE = 256  # points along the longer side at which the colour is looked at


@dataclass(frozen=True)
class Placeholder:
    """Measures 1 for words that ask for the buyer's own ("your logo here"), the share of filler Latin in a text, and
    0.8 for a plain grey frame that is called a picture."""

    threshold: float
    reason: DropReason = DropReason.PLACEHOLDER

    def measure(self, subject: Subject) -> float:
        if any(map(asks_in_text, subject.texts)) or any(map(asks_in_name, subject.labels)):
            return 1.0
        latin = max(map(lorem_share, subject.texts), default=0.0)
        return max(latin, 0.8 if _is_frame(subject) else 0.0)


def _is_frame(subject: Subject) -> bool:
    labels = [plain_words(label) for label in subject.labels]
    if subject.texts or not any(_PICTURE.search(one) and not _PART.search(one) for one in labels):
        return False
    return _is_grey(subject.layer.rgba) and subject.covered <= _COVERED


def _is_grey(rgba: np.ndarray) -> bool:
    """Whether what is solid fills its box, and has one grey but for thin marks of another."""
    height, width = rgba.shape[:2]
    if min(height, width) < _LEAST_SIDE:
        return False
    step = -(-max(height, width) // _SIDE)
    points = rgba[::step, ::step]
    solid = points[points[..., 3] >= 128][:, :3].astype(np.int16)
    if len(solid) < _COMPACT * points.shape[0] * points.shape[1]:
        return False
    grey = np.median(solid, axis=0)
    neutral = float(np.ptp(grey)) <= 4 and _GREYS[0] <= grey[0] <= _GREYS[1]
    return neutral and float((np.abs(solid - grey) <= 4).all(axis=1).mean()) >= _MOST
