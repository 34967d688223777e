"""The detector of blurred and censored faces: a layer in a stack in, how far a face that it paints is blurred out.

The value is in face widths: the sigma of the Gaussian blur that the face looks like; of a mosaic, two thirds of the
width of its blocks; of a bar across the eyes, its height. The largest over the faces of a layer counts, 0 where none
is. Faces are looked for in the layer over grey and in the composite; there, only what the layer itself paints counts,
so that a bar that is a layer of its own is found, and the portrait under it is not blamed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from PIL import Image
from scipy import ndimage

from data_pipeline.anomaly.censoring import around, blurred, contrast_of_edges, core_box, eye_bar, mosaiced, plainness
from data_pipeline.anomaly.detector import Scene, Subject
from data_pipeline.anomaly.faces import LEAST_FACE_PX, Face, confirmed, proposed, pyramid
from data_pipeline.neutral_grey import over_grey
from schemas.reasons import DropReason
from schemas.stack import Box, PlainLayer

THRESHOLD = 0.026  # soft photographs, blurred by 0.02, measure up to 0.022; people call a face blurred from 0.04
_MOST_PX = 1 << 20  # a larger picture is reduced first: what is stored is no larger, unless asked for
_SUSPICIOUS = 0.7  # of the threshold, where a face is not yet found exactly
_SURE = 0.5  # the score from which the best proposal is looked at again anyway: a bar hides where exactly the eyes are
_OF_A_BLOCK = 2 / 3
_PLAIN, _PLAIN_BEHIND_A_BAR = 0.45, 0.6  # shares of one grey that no face has, however blurred
_BLURRED, _MOSAICED, _BARRED = 0.14, 0.14, 0.3  # the least score of a face: blur is evidence, a bar may be a line
_BLURRED_LITTLE, _LITTLE = 0.2, 0.04  # what is blurred that little still is a face to a network; smooth noise is not
_BLURRED_ALONE = 0.10  # where it is much blurred, and what is around it is not
_MUCH, _STANDS_OUT = 0.05, 2.0
_BESIDE_A_SHARP_FACE = 0.3  # a fold or a background out of focus scores less
_LIKELY_PX = 56  # a narrower face must score higher: chance has more places for it, as one over its width squared
_PAINTED_ALPHA = 0.9
_PAINTED_DIFFERENCE = 6.0  # grey levels between the composite and what a layer paints of it
_CELL_PX = 8
_CELLS = 4  # that a face covers each way, at least
_COVERED = 0.6  # of their alpha

# One search for all layers of a scene, by threshold.
_COMPOSITES: WeakKeyDictionary[Scene, dict[float, list[tuple[float, Box]]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class _Mark:
    """How far a face is censored in a box of the picture, and the score from which it is a face that is."""

    value: float
    box: Box
    least_score: float


@dataclass(frozen=True)
class BlurredFaces:
    """Raises FaceModelMissing, with what to install, at the first layer on which a face has room."""

    threshold: float = THRESHOLD
    reason: DropReason = DropReason.BLURRED_FACE

    def measure(self, subject: Subject) -> float:
        layer, scene = subject.layer, subject.scene
        own = max((value for value, _ in self.searched(layer.rgba)), default=0.0)
        if own > self.threshold or scene.stack.layers == (layer,):
            return own
        composites = _COMPOSITES.setdefault(scene, {})
        if self.threshold not in composites:
            composites[self.threshold] = self.searched(scene.composite, lambda box: _is_painted(scene, box))
        values = [value for value, box in composites[self.threshold] if _paints(layer, box, scene.composite)]
        return max([own, *values])

    def searched(
        self, rgba: np.ndarray, is_of_interest: Callable[[Box], bool] = lambda box: True
    ) -> list[tuple[float, Box]]:
        """How far each face of a picture uint8 RGBA is censored, and the box in which it is.

        But for the surest proposal, only what already looks censored in a box of interest is looked at again.
        """
        scale = max(1.0, (rgba.shape[0] * rgba.shape[1] / _MOST_PX) ** 0.5)
        if min(rgba.shape[:2]) < scale * LEAST_FACE_PX or not _has_room(rgba[..., 3], scale):
            return []
        image = _reduced(over_grey(rgba), scale)
        sizes = pyramid(image)
        grey = np.asarray(image.convert("L"))
        marks = []
        least = 0.0
        for rank, likely in enumerate(proposed(sizes)):
            is_sure = rank == 0 and likely.score >= _SURE
            if not is_sure:
                suspicious = [mark for mark in _marks(grey, likely) if mark.value > _SUSPICIOUS * self.threshold]
                if not any(is_of_interest(_scaled(mark.box, scale)) for mark in suspicious):
                    continue
            face = confirmed(sizes, likely)
            score = face.score * min(1.0, face.width / _LIKELY_PX) ** 2
            if score <= least:
                continue
            seen = _marks(grey, face)
            marks += [(mark.value, _scaled(mark.box, scale)) for mark in seen if score >= mark.least_score]
            if is_sure and score >= _SURE and all(mark.value <= self.threshold for mark in seen):
                least = _BESIDE_A_SHARP_FACE
        return marks


def _has_room(alpha: np.ndarray, scale: float) -> bool:
    """Whether anything as large as the least face is covered, so that lines and letters are passed over."""
    cells = np.asarray(Image.fromarray(alpha).reduce(round(_CELL_PX * scale)), np.float32) / 255
    return float(ndimage.uniform_filter(cells, _CELLS, mode="constant").max()) >= _COVERED


def _reduced(image: Image.Image, scale: float) -> Image.Image:
    if scale == 1:
        return image
    size = max(1, round(image.width / scale)), max(1, round(image.height / scale))
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2)


def _marks(grey: np.ndarray, face: Face) -> list[_Mark]:
    part = around(grey, face)
    marks = []
    plain = plainness(part)
    if plain < _PLAIN:
        block = mosaiced(grey, face)
        if block:
            value, least = block * _OF_A_BLOCK, _MOSAICED
        else:
            value = blurred(grey, face)
            least = _BLURRED_LITTLE if value < _LITTLE else _BLURRED
            if value >= _MUCH and contrast_of_edges(grey, face) >= _STANDS_OUT:
                least = _BLURRED_ALONE
        marks.append(_Mark(value, core_box(face, grey.shape), least))
    height, bar = eye_bar(grey, face)
    if bar is not None and plain < _PLAIN_BEHIND_A_BAR:
        marks.append(_Mark(height, bar, _BARRED))
    return marks


def _scaled(box: Box, scale: float) -> Box:
    left, top, right, bottom = (round(side * scale) for side in box)
    return left, top, right, bottom


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
