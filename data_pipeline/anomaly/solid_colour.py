"""Plain grounds: a layer of one colour over all the canvas that hides nothing. It teaches a model nothing."""

from dataclasses import dataclass

import numpy as np

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
        first = layer.rgba[0, 0].astype(np.int16)
        plain = (np.abs(layer.rgba - first) <= _SAME).all(axis=2) & (layer.rgba[..., 3] == 255)
        share = float(np.count_nonzero(plain)) / canvas_px
        return share if share > self.threshold and not _hides(subject) else 0.0


def _hides(subject: Subject) -> bool:
    """Whether a layer below has paint where this one has."""
    layer = subject.layer
    for below in subject.scene.stack.layers[: subject.index]:
        shared = intersect(below.box, layer.box)
        if shared is None:
            continue
        theirs, own = (view(one.rgba, one.box, shared)[..., 3] for one in (below, layer))
        if ((theirs > 0) & (own > 0)).any():
            return True
    return False
