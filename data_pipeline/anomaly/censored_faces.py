"""A picture in, the faces in it that are blurred, mosaiced or barred: where, and how far, in face widths.

The sigma of the Gaussian blur that a face looks like; of a mosaic, over the face or the eyes alone, two thirds of the
width of its blocks; of a bar across the eyes, its height.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy import ndimage

from data_pipeline.anomaly.censoring import around, blurred, contrast_of_edges, core_box, mosaiced, plainness
from data_pipeline.anomaly.eyes import barred, pixelated
from data_pipeline.anomaly.faces import LEAST_FACE_PX, SURE, Face, confirmed, proposed, pyramid
from data_pipeline.neutral_grey import over_grey
from schemas.stack import Box

_MOST_PX = 1 << 20  # a larger picture is reduced first: what is stored is no larger, unless asked for
_SUSPICIOUS = 0.7  # of the threshold, where a face is not yet found exactly
_OF_A_BLOCK = 2 / 3
_PLAIN, _PLAIN_BEHIND_A_BAR = 0.45, 0.6  # shares of one grey that no face has, however blurred
_MOSAICED, _EYES_HIDDEN = 0.14, 0.3  # the least score of a face: censoring is evidence, a bar may be a line
_BLURRED = 0.14
_SHARP = 0.01  # where it is no more, it is not asked what is around it
_BLURRED_LITTLE, _LITTLE = 0.2, 0.04  # what is blurred that little still is a face to a network; smooth noise is not
_BLURRED_LIKE_ALL, _LIKE_ALL = 0.24, 1.8  # where edges around it are hardly steeper it may be a cloud or a texture
_BLURRED_ALONE, _MUCH, _ALONE = 0.10, 0.05, 2.0  # where it is much blurred, and what is around it is not
_AT_FIRST_SIGHT, _FAR_ALONE = 0.25, 2.5  # more so, a proposal's score will do: a second look sees nothing in much blur
_BESIDE_A_SURE_FACE = 0.3  # a fold or a background out of focus scores less
_LIKELY_PX = 56
_CELL_PX = 8
_CELLS = 4  # that a face covers each way, at least
_COVERED = 0.6  # of their alpha


@dataclass(frozen=True)
class Censored:
    """How far a face is censored, and in which box of the picture."""

    value: float
    box: Box


@dataclass(frozen=True)
class _Mark:
    """A face that is censored in a box of the reduced picture, and the scores from which it is a face, at a second look
    or as a proposal."""

    value: float
    box: Box
    least_score: float
    least_proposed: float = math.inf


@dataclass(frozen=True, eq=False)
class Portrait:
    """A picture in which faces have room, over grey; all that goes in and out is in pixels of the whole picture."""

    scale: float  # how many of them are one pixel here
    sizes: list[np.ndarray]  # the pyramid, uint8 RGB
    grey: np.ndarray

    def proposals(self) -> list[Face]:
        """Where faces may be, best first, with many false alarms."""
        return [_resized(face, self.scale) for face in proposed(self.sizes)]

    def censored(
        self, likely: Sequence[Face], threshold: float, is_of_interest: Callable[[Box], bool] = lambda box: True
    ) -> list[Censored]:
        """Of proposals, best first, those that are faces, each with how far it is censored.

        But for the best proposal where it is sure, as a bar hides where exactly the eyes are, only what is of interest
        and looks censored before is looked at again.
        """
        found: list[Censored] = []
        least = 0.0
        for rank, face in enumerate(_resized(face, 1 / self.scale) for face in likely):
            is_sure = rank == 0 and face.score >= SURE
            suspicious = [] if is_sure else self._suspicious(face, threshold, is_of_interest)
            if not is_sure and not suspicious:
                continue
            marks = [mark for mark in suspicious if _likelihood(face) >= max(least, mark.least_proposed)]
            if not marks:
                face = confirmed(self.sizes, face)
                if _likelihood(face) <= least:
                    continue
                marks = [mark for mark in _marks(self.grey, face) if _likelihood(face) >= mark.least_score]
                if is_sure and _likelihood(face) >= SURE:
                    least = _BESIDE_A_SURE_FACE
            found += [Censored(mark.value, _enlarged(mark.box, self.scale)) for mark in marks]
        return found

    def _suspicious(self, face: Face, threshold: float, is_of_interest: Callable[[Box], bool]) -> list[_Mark]:
        return [
            mark
            for mark in _marks(self.grey, face)
            if mark.value > _SUSPICIOUS * threshold and is_of_interest(_enlarged(mark.box, self.scale))
        ]


def _likelihood(face: Face) -> float:
    """Its score, but less of a narrow face: chance has more places for it, as one over its width squared."""
    return face.score * min(1.0, face.width / _LIKELY_PX) ** 2


def portrait(rgba: np.ndarray) -> Portrait | None:
    """Of a picture uint8 RGBA; None where no face has room."""
    scale = max(1.0, (rgba.shape[0] * rgba.shape[1] / _MOST_PX) ** 0.5)
    if min(rgba.shape[:2]) < scale * LEAST_FACE_PX or not _has_room(rgba[..., 3], scale):
        return None
    image = _reduced(Image.fromarray(over_grey(rgba)), scale)
    return Portrait(scale, pyramid(image), np.asarray(image.convert("L")))


def _resized(face: Face, scale: float) -> Face:
    x, y = face.centre
    return replace(face, centre=(x * scale, y * scale), width=face.width * scale, points=face.points * scale)


def _enlarged(box: Box, scale: float) -> Box:
    left, top, right, bottom = (round(side * scale) for side in box)
    return left, top, right, bottom


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
    plain = plainness(around(grey, face))
    marks = []
    if plain < _PLAIN:
        block = mosaiced(grey, face)
        marks.append(_mosaic(grey, face, block) if block else _blur(grey, face))
        if not block and (eyes := pixelated(grey, face)):
            marks.append(_Mark(eyes.size * _OF_A_BLOCK, eyes.box, _EYES_HIDDEN))
    if plain < _PLAIN_BEHIND_A_BAR and (bar := barred(grey, face)):
        marks.append(_Mark(bar.size, bar.box, _EYES_HIDDEN))
    return marks


def _mosaic(grey: np.ndarray, face: Face, block: float) -> _Mark:
    return _Mark(block * _OF_A_BLOCK, core_box(face, grey.shape), _MOSAICED)


def _blur(grey: np.ndarray, face: Face) -> _Mark:
    value, box = blurred(grey, face), core_box(face, grey.shape)
    if value < _SHARP:
        return _Mark(value, box, _BLURRED_LITTLE)
    alone = contrast_of_edges(grey, face)
    if alone < _LIKE_ALL:
        return _Mark(value, box, _BLURRED_LIKE_ALL)
    if value < _LITTLE:
        return _Mark(value, box, _BLURRED_LITTLE)
    if value < _MUCH or alone < _ALONE:
        return _Mark(value, box, _BLURRED)
    return _Mark(value, box, _BLURRED_ALONE, math.inf if alone < _FAR_ALONE else _AT_FIRST_SIGHT)
