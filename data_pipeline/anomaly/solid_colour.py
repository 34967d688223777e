"""Plain grounds: a layer of one colour over all the canvas that hides nothing. It teaches a model nothing."""

from dataclasses import dataclass

from data_pipeline.anomaly.alpha import count_like_first
from data_pipeline.anomaly.detector import Subject
from data_pipeline.boxes import intersect, view
from schemas.reasons import DropReason

_SAME = 3  # in 1/255: what lossy sources make of one colour


@dataclass(frozen=True)
class SolidColour:
    """Measures the share of the canvas that a layer paints in one opaque colour; 0 where it hides something."""

    threshold: float
    reason: DropReason = DropReason.SOLID_COLOUR

    def measure(self, subject: Subject) -> float:
        layer, stack = subject.layer, subject.scene.stack
        canvas_px = stack.width * stack.height
        if layer.rgba.shape[0] * layer.rgba.shape[1] <= self.threshold * canvas_px:
            return 0.0  # at once: hardly a layer is that large
        share = count_like_first(layer.rgba, _SAME) / canvas_px
        return share if share > self.threshold and not _hides(subject) else 0.0


def _hides(subject: Subject) -> bool:
    """Whether a layer below has paint within its box, next to all of which it covers."""
    box = subject.layer.box
    shared = ((below, intersect(below.box, box)) for below in subject.scene.stack.layers[: subject.index])
    return any(part is not None and view(below.rgba, below.box, part)[..., 3].any() for below, part in shared)
