"""A face in; whether its eyes alone are hidden, by a bar, straight or tilted, or by a mosaic.

All is seen where the face is 96 px wide, with the point between its eyes in the middle.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from data_pipeline.anomaly.censoring import FACE_PX, MOSAIC_PERIODS_PX, regularity
from data_pipeline.anomaly.faces import Face, square
from schemas.stack import Box

_SIDE_PX = 2 * round(0.4 * FACE_PX)
_TILTS = (0.0, -7.5, 7.5, -15.0, 15.0, -22.5, 22.5, -30.0, 30.0)  # degrees
_SEEN_PX = 2 * round(0.7 * _SIDE_PX)  # of what is turned, so that nothing is missing in the corners
_HALF_WIDTH_PX = round(0.33 * FACE_PX)  # from beyond one eye to beyond the other
_LEAST_HEIGHT_PX = 0.09 * FACE_PX
_ASIDE_PX = 0.12 * FACE_PX  # how far from the eyes a bar may end
_BESIDE_PX = 4  # rows above and below a bar that are compared with it, and have to be seen
_SPREAD = 4.0  # grey levels, the standard deviation of a bar's row after JPEG
_DRIFT = 10.0  # grey levels from a bar's darkest row to its lightest
_CONTRAST = 20.0  # grey levels between a bar and the face above and below it
_INNER = 0.7  # a square of that part of a bar's height lies within it, however it is tilted
_STRIP_HALF_PX = round(0.13 * FACE_PX)
_FEWEST_BLOCKS = 3  # of a mosaic, in the square's width
_REGULAR = 0.3  # sharp eyes reach 0.15, mosaics of a twentieth to an eighth of a face 0.32 to 0.91
_LEVEL = 0.25  # a gradient in grey levels per pixel, as rounding and noise leave it


@dataclass(frozen=True)
class Hidden:
    """How high a bar is, or how wide the blocks of a mosaic are, in face widths; and a box of the picture within it."""

    size: float
    box: Box


def barred(picture: np.ndarray, face: Face) -> Hidden | None:
    """A bar of one grey across the eyes of a face in a picture uint8 [H, W], as the tilt shows it that fits best."""
    seen = square(picture, _between_eyes(face), face.width * _SEEN_PX / FACE_PX, _SEEN_PX)
    turned = seen.ravel()[_turned()].astype(np.float32)
    found = [
        _hidden(face, tilt, first, last)
        for tilt, rows, is_plain in zip(_TILTS, turned, turned.std(axis=-1) < _SPREAD, strict=True)
        for first, last in _runs(is_plain)
        if _is_bar(rows, first, last)
    ]
    return max(found, key=lambda bar: bar.size, default=None)


@functools.cache
def _turned() -> np.ndarray:
    """For every tilt, where in a square of `_SEEN_PX` what lies from beyond one eye to beyond the other is, turned by
    so many degrees against the clock: places [T, _SIDE_PX, W] in the ravelled square, the nearest ones."""
    y, x = np.mgrid[:_SIDE_PX, : 2 * _HALF_WIDTH_PX] + 0.5 - np.array((_SIDE_PX / 2, _HALF_WIDTH_PX))[:, None, None]
    angle = np.deg2rad(_TILTS)[:, None, None]
    across = np.floor(_SEEN_PX / 2 + x * np.cos(angle) - y * np.sin(angle)).astype(np.intp)
    down = np.floor(_SEEN_PX / 2 + x * np.sin(angle) + y * np.cos(angle)).astype(np.intp)
    return np.asarray(down * _SEEN_PX + across)


def _between_eyes(face: Face) -> tuple[float, float]:
    x, y = face.points[:2].mean(axis=0)
    return float(x), float(y)


def _runs(is_plain: np.ndarray) -> list[tuple[int, int]]:
    """The start and the end of every run of plain rows; none where they are too few for a bar."""
    if np.count_nonzero(is_plain) < _LEAST_HEIGHT_PX:
        return []
    runs, count = ndimage.label(is_plain)
    return [(span.start, span.stop) for (span,) in ndimage.find_objects(runs, count)]


def _is_bar(rows: np.ndarray, first: int, last: int) -> bool:
    """Whether plain rows are high enough, at the eyes, of one grey together, and set off from what is around them."""
    middle = _SIDE_PX // 2
    if last - first < _LEAST_HEIGHT_PX or not first - _ASIDE_PX <= middle <= last + _ASIDE_PX:
        return False
    if first < _BESIDE_PX or last > _SIDE_PX - _BESIDE_PX:
        return False
    if np.ptp(rows[first + 1 : last - 1].mean(axis=1)) > _DRIFT:
        return False
    level = np.median(rows[first:last])
    return all(np.abs(rows[y] - level).mean() >= _CONTRAST for y in (first - _BESIDE_PX, last + _BESIDE_PX - 1))


def _hidden(face: Face, tilt: float, first: int, last: int) -> Hidden:
    """A bar in rows of the square turned by `tilt` degrees, against the clock."""
    below_eyes = ((first + last) / 2 - _SIDE_PX / 2) * face.width / FACE_PX
    angle = np.deg2rad(tilt)
    x, y = np.add(_between_eyes(face), (-np.sin(angle) * below_eyes, np.cos(angle) * below_eyes))
    half = _INNER / 2 * (last - first) * face.width / FACE_PX
    return Hidden((last - first) / FACE_PX, (round(x - half), round(y - half), round(x + half), round(y + half)))


def pixelated(picture: np.ndarray, face: Face) -> Hidden | None:
    """A mosaic over the eyes of a face in a picture uint8 [H, W], whatever the rest of the face is."""
    x, y = _between_eyes(face)
    side = square(picture, (x, y), face.width * _SIDE_PX / FACE_PX, _SIDE_PX).astype(np.float32)
    strip = side[_SIDE_PX // 2 - _STRIP_HALF_PX : _SIDE_PX // 2 + _STRIP_HALF_PX]
    across, down = np.abs(np.diff(strip, axis=1)).sum(axis=0), np.abs(np.diff(strip, axis=0)).sum(axis=1)
    if across.mean() < _LEVEL * strip.shape[0] or down.mean() < _LEVEL * strip.shape[1]:
        return None
    periods = MOSAIC_PERIODS_PX[MOSAIC_PERIODS_PX <= _SIDE_PX / _FEWEST_BLOCKS]
    regular = np.minimum(regularity(across), regularity(down))[: len(periods)]
    if regular.max() < _REGULAR:
        return None
    best = np.flatnonzero(regular >= 0.9 * regular.max())[-1]  # a part of the period is as regular
    half = 0.1 * face.width
    box = round(x - 2 * half), round(y - half), round(x + 2 * half), round(y + half)
    return Hidden(float(periods[best]) / FACE_PX, box)
