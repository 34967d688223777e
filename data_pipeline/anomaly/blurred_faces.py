"""The detector of blurred and censored faces: a layer in a stack in, how far a face that it paints is blurred out.

The value is that of `censored_faces`, the largest over the faces of a layer, 0 where none is. Faces are looked for in
the layer over grey. Where it or another layer seems to have one, the composite is looked at too: only what the layer
itself paints counts there, so that a bar that is a layer of its own is found, and the portrait under it is not blamed.
"""

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from data_pipeline.anomaly.censored_faces import Censored, portrait
from data_pipeline.anomaly.detector import Scene, Subject
from data_pipeline.anomaly.faces import Face, likeliest
from schemas.reasons import DropReason
from schemas.stack import Box, PlainLayer

THRESHOLD = 0.028  # photographs out of focus measure up to 0.03; people call a face blurred from 0.04
_PAINTED_ALPHA = 0.9
_PAINTED_DIFFERENCE = 6.0  # grey levels between the composite and what a layer paints of it


@dataclass(frozen=True, eq=False)
class _Own:
    """Of a layer by itself: where on the canvas faces may be, and the most that one is censored."""

    proposals: list[Face]
    value: float


# Each layer is searched once, and so is a composite; by threshold.
_LAYERS: WeakKeyDictionary[PlainLayer, dict[float, _Own]] = WeakKeyDictionary()
_COMPOSITES: WeakKeyDictionary[Scene, dict[float, list[Censored]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class BlurredFaces:
    """Raises FaceModelMissing, with what to install, at the first layer on which a face has room."""

    threshold: float = THRESHOLD
    reason: DropReason = DropReason.BLURRED_FACE

    def measure(self, subject: Subject) -> float:
        layer, scene = subject.layer, subject.scene
        own = self._own(layer).value
        if own > self.threshold or scene.stack.layers == (layer,):
            return own
        found = self._in_composite(scene)
        return max([own, *(face.value for face in found if _paints(layer, face.box, scene.composite))])

    def _own(self, layer: PlainLayer) -> _Own:
        known = _LAYERS.setdefault(layer, {})
        if self.threshold not in known:
            seen = portrait(layer.rgba)
            likely = seen.proposals() if seen else []
            values = [face.value for face in seen.censored(likely, self.threshold)] if seen else []
            known[self.threshold] = _Own([_on_canvas(face, layer) for face in likely], max(values, default=0.0))
        return known[self.threshold]

    def _in_composite(self, scene: Scene) -> list[Censored]:
        known = _COMPOSITES.setdefault(scene, {})
        if self.threshold not in known:
            likely = likeliest([face for layer in scene.stack.layers for face in self._own(layer).proposals])
            seen = portrait(scene.composite) if likely else None
            known[self.threshold] = (
                seen.censored(likely, self.threshold, lambda box: _is_painted(scene, box)) if seen else []
            )
        return known[self.threshold]


def _on_canvas(face: Face, layer: PlainLayer) -> Face:
    left, top = layer.box[:2]
    x, y = face.centre
    return replace(face, centre=(x + left, y + top), points=face.points + np.array((left, top)))


def _is_painted(scene: Scene, box: Box) -> bool:
    """Whether what shows in a box of the canvas is one layer, so that there is one to blame."""
    return any(_paints(layer, box, scene.composite) for layer in scene.stack.layers)


def _paints(layer: PlainLayer, box: Box, composite: np.ndarray) -> bool:
    """Whether what shows in a box of the canvas is this layer."""
    left, top, right, bottom = box
    from_x, from_y, to_x, to_y = layer.box
    if not (from_x <= left < right <= to_x and from_y <= top < bottom <= to_y):
        return False
    own = layer.rgba[top - from_y : bottom - from_y, left - from_x : right - from_x]
    if own[..., 3].mean() < _PAINTED_ALPHA * 255:
        return False
    difference = np.abs(own[..., :3].astype(np.int16) - composite[top:bottom, left:right, :3])
    return float(difference.mean()) <= _PAINTED_DIFFERENCE
