"""The detector of blurred and censored faces: a layer in a stack in, how far a face that it paints is blurred out.

The value is in face widths: the sigma of the Gaussian blur that the face looks like; of a mosaic, two thirds of the
width of its blocks; of a bar across the eyes, its height. The largest over the faces of a layer counts, 0 where none
is. Faces are looked for in the layer over grey and in the composite; there, only what the layer itself paints counts,
so that a bar that is a layer of its own is found, and the portrait under it is not blamed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numba import types

from data_pipeline.anomaly.censoring import around, blur, core_box, eye_bar, mosaic
from data_pipeline.anomaly.detector import Scene, Subject
from data_pipeline.anomaly.faces import GREY, LEAST_FACE_PX, Face, faces
from data_pipeline.kernel import READ_U8_3D, kernel
from schemas.reasons import DropReason
from schemas.stack import Box, PlainLayer

THRESHOLD = 0.028  # between the 0.02 of soft photographs and the 0.04 from which people call a face blurred
_OF_A_BLOCK = 2 / 3
_PAINTED_ALPHA = 0.9
_PAINTED_DIFFERENCE = 6.0  # grey levels between the composite and what a layer paints of it


@dataclass(frozen=True, eq=False)
class _Picture:
    """A picture, uint8 RGB and grey, and its faces."""

    rgb: np.ndarray
    grey: np.ndarray
    faces: list[Face]


_COMPOSITES: WeakKeyDictionary[Scene, _Picture] = WeakKeyDictionary()  # one search for all layers of a scene


@dataclass(frozen=True)
class BlurredFaces:
    """Raises FaceModelMissing, with what to install, at the first layer on which a face has room."""

    threshold: float = THRESHOLD
    reason: DropReason = DropReason.BLURRED_FACE

    def measure(self, subject: Subject) -> float:
        layer, scene = subject.layer, subject.scene
        own = max((value for value, _ in _marks(_picture(layer.rgba))), default=0.0)
        if own > self.threshold or scene.stack.layers == (layer,):
            return own
        if scene not in _COMPOSITES:
            _COMPOSITES[scene] = _picture(scene.composite)
        composite = _COMPOSITES[scene]
        values = [value for value, box in _marks(composite) if _paints(layer, box, composite.rgb)]
        return max([own, *values])


def _picture(rgba: np.ndarray) -> _Picture:
    rgb = over_grey(rgba)
    if min(rgb.shape[:2]) < LEAST_FACE_PX:
        return _Picture(rgb, rgb[..., 0], [])
    found = faces(rgb)
    grey = np.rint(rgb @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.uint8) if found else rgb[..., 0]
    return _Picture(rgb, grey, found)


def over_grey(rgba: np.ndarray) -> np.ndarray:
    """Straight uint8 RGBA [H, W, 4] on neutral grey, uint8 [H, W, 3], rounded."""
    return _over(rgba, GREY[0])


@kernel(types.uint8[:, :, ::1], READ_U8_3D, types.uint32)
def _over(rgba: np.ndarray, ground: int) -> np.ndarray:
    height, width = rgba.shape[:2]
    rgb = np.empty((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            alpha = np.uint32(rgba[y, x, 3])
            below = ground * (np.uint32(255) - alpha) + np.uint32(127)
            for c in range(3):
                rgb[y, x, c] = (np.uint32(rgba[y, x, c]) * alpha + below) // np.uint32(255)
    return rgb


def _marks(picture: _Picture) -> Iterator[tuple[float, Box]]:
    """How far each face is censored, and the box in which it is."""
    for face in picture.faces:
        part = around(picture.grey, face)
        box = core_box(face, picture.grey.shape)
        block = mosaic(part)
        yield (block * _OF_A_BLOCK if block else blur(part)), box
        height, bar = eye_bar(picture.grey, face)
        if bar is not None:
            yield height, bar


def _paints(layer: PlainLayer, box: Box, composite: np.ndarray) -> bool:
    """Whether what shows in a box of the canvas is this layer."""
    left, top, right, bottom = box
    from_x, from_y, to_x, to_y = layer.box
    if not (from_x <= left < right <= to_x and from_y <= top < bottom <= to_y):
        return False
    own = layer.rgba[top - from_y : bottom - from_y, left - from_x : right - from_x]
    if own[..., 3].mean() < _PAINTED_ALPHA * 255:
        return False
    difference = np.abs(own[..., :3].astype(np.int16) - composite[top:bottom, left:right])
    return float(difference.mean()) <= _PAINTED_DIFFERENCE
