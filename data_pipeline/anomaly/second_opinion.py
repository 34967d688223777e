"""A layer that a detector would drop in; whether a vision-language model agrees out.

It sees the whole picture and the layer alone over grey, and answers yes or no. Where it says no the layer stays and is
flagged `REASON_doubted`; where it gives no clear answer the detector's word stands, flagged `REASON_unconfirmed`.
"""

import re
from dataclasses import dataclass

import numpy as np

from data_pipeline.caption.picture import picture_of
from data_pipeline.caption.vision import GONE, ModelGone, Question, Sampling, VisionModel
from data_pipeline.neutral_grey import over_grey
from data_pipeline.previews import preview
from schemas.reasons import DropReason, Objection

_LONGEST_PX = 768  # of a picture that is shown
_SAMPLING = Sampling(max_tokens=4)
# "No idea" is no answer: after the first word comes a mark, the end or "it"; else the last word may be the answer.
_YES, _NO = r"(?P<yes>yes|是的?|对)", r"(?:no|不是的?|否|不)"
_FIRST = re.compile(rf"\W*(?:{_YES}|{_NO})(?:\W*(?:[,.:;!(–—\n，。：；！]|$)|\s(?:it|this|that)\b)", re.IGNORECASE)
_LAST = re.compile(rf"(?<!\w)(?<!yes/)(?<!yes or )(?<!是/)(?:{_YES}|{_NO})\W*$", re.IGNORECASE)

# A changed wording is a new question: what was answered to the old one is not used.
_FRAME = (
    "The first picture is a design. The second shows one of its layers alone, on neutral grey. "
    "{} Answer with one word, yes or no."
)
_ASKED = {
    DropReason.BLURRED_FACE: "Does this layer blur, pixelate or cover a human face so that the person cannot be told?",
    DropReason.WATERMARK: "Is this layer a watermark or preview mark, laid over the design to protect or label it?",
    DropReason.PLACEHOLDER: "Is this layer a placeholder that the buyer of a template is meant to replace?",
    DropReason.GUIDE: "Is this layer a layout guide, a grid or ruler lines, which is no part of the finished design?",
    DropReason.SOLID_COLOUR: "Is this layer a plain ground of a single colour that shows nothing?",
}
_ASKED_OF_OTHERS = "Is this layer a defect that should not be part of the finished design?"


@dataclass(frozen=True)
class SecondOpinion:
    """What a model thinks of a detector's finding."""

    model: VisionModel

    def objection(self, composite: np.ndarray, layer: np.ndarray, reason: DropReason) -> Objection | None:
        """None where it agrees that a layer is what a detector found, else its objection. Raises ModelGone.

        Composite and layer are straight uint8 RGBA, of any size.
        """
        words = _FRAME.format(_ASKED.get(reason, _ASKED_OF_OTHERS))
        shown = (picture_of(over_grey(preview(rgba, _LONGEST_PX))) for rgba in (composite, layer))
        (answer,) = self.model.answers([Question(tuple(shown), words, _SAMPLING)])
        if answer.finish_reason == GONE:
            raise ModelGone(f"{self.model.name} gives no second opinion any more ({answer.message})")
        said = _FIRST.match(answer.text) or _LAST.search(answer.text)
        if said is None:
            return Objection.UNCONFIRMED
        return None if said["yes"] else Objection.DOUBTED
