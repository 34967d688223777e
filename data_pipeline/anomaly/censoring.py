"""The square around a face in; how far it is blurred or mosaiced, in face widths.

All measures are taken where the face is 96 px wide, so that they do not depend on the resolution of the picture.
"""

import functools
from dataclasses import replace

import numpy as np
from scipy import ndimage

from data_pipeline.anomaly.faces import Face, square

FACE_PX = 96
_REACH = 0.6  # of the square, to each side of the face's centre, in face widths
MOST_BLUR = 0.25
_FINE_PX, _COARSE_PX = 1.5, 4.0
_SHARPEST = 95  # the percentile of the gradients that stands for the edges of eyes, nose and mouth
_FAINT = 0.25  # a gradient in grey levels per pixel, as rounding and noise leave it
_INNER = 0.5  # of a face's width: about a blurred face, a box is often the head's, with sharp hair at its brim
_LATTICE_WIDTHS = (1.0, 0.65)  # of a face's
_RING_PX = 48  # a face's width where it is compared with what is around it
_RING = 0.8, 1.9  # its inner and outer brim, in those of the ellipse about a face, 1.2 by 1.5 face widths
_RING_FINE_PX = 0.75
MOSAIC_PERIODS_PX = np.arange(0.04 * FACE_PX, 0.3 * FACE_PX, 0.25)
_LATTICE_PX = 1.5  # how wide an edge between two blocks may be
_REGULAR = 0.3  # the share of all gradients, above that of chance, that lies on a mosaic's lattice
_ALIKE = 5  # grey levels that look as one


def around(picture: np.ndarray, face: Face) -> np.ndarray:
    """The square around a face in a picture uint8 [H, W], at 96 px a face width, float32."""
    return square(picture, face.centre, 2 * _REACH * face.width, round(2 * _REACH * FACE_PX)).astype(np.float32)


def blurred(picture: np.ndarray, face: Face) -> float:
    """How far the middle of a face is blurred, seen twice as large: `blur` in face widths, at most 0.125.

    What somebody blurred is blurred down to the last grain; what only lacks contours is not.
    """
    return _INNER * blur(around(picture, replace(face, width=_INNER * face.width)))


def mosaiced(picture: np.ndarray, face: Face) -> float:
    """The width of the blocks of a face or of its middle, in face widths; 0 where there are none."""
    for part in _LATTICE_WIDTHS:
        block = mosaic(around(picture, replace(face, width=part * face.width)))
        if block:
            return part * block
    return 0.0


def contrast_of_edges(picture: np.ndarray, face: Face) -> float:
    """How many times steeper the edges around a face are than those in its middle; 0 where there is no around."""
    side = round(2 * _RING[1] * 0.75 * _RING_PX)
    width = face.width * side / _RING_PX
    seen = square(picture, face.centre, width, side).astype(np.float32)
    steep = steepness(seen, _RING_FINE_PX)
    middle, ring = _rings(side)
    at = (np.arange(side) + 0.5) / side - 0.5
    x, y = (centre + at * width for centre in face.centre)
    ring = ring & ((y >= 0) & (y < picture.shape[0]))[:, np.newaxis] & ((x >= 0) & (x < picture.shape[1]))
    if not ring.any():
        return 0.0
    around_it, within = (float(np.percentile(steep[part], _SHARPEST)) for part in (ring, middle))
    return around_it / max(within, 1.0)


@functools.cache
def _rings(side: int) -> tuple[np.ndarray, np.ndarray]:
    """The middle of a face and what is around it, bool [side, side], at 48 px a face width."""
    y, x = (np.mgrid[:side, :side] - (side - 1) / 2) / _RING_PX
    away = np.hypot(x / 0.6, y / 0.75)
    return np.hypot(x / 0.25, y / 0.28) < 1, (_RING[0] < away) & (away < _RING[1])


def core_box(face: Face, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Where a face's features are, in pixels of a picture of this shape."""
    x, y = face.centre
    half_x, half_y = 0.25 * face.width, 0.28 * face.width  # about what the ellipse of `core` holds
    left, top = max(0, round(x - half_x)), max(0, round(y - half_y))
    return left, top, min(shape[1], round(x + half_x)), min(shape[0], round(y + half_y))


@functools.cache
def core(side: int) -> np.ndarray:
    """Where eyes, nose and mouth are in the square around a face, bool [side, side]."""
    y, x = (np.mgrid[:side, :side] - (side - 1) / 2) / FACE_PX
    return np.asarray((x / 0.36) ** 2 + (y / 0.40) ** 2 < 1)


def plainness(grey: np.ndarray) -> float:
    """The largest share of the square's middle that is of one grey: more than half is flat art."""
    levels = np.clip(np.rint(grey[core(grey.shape[0])]), 0, 255).astype(np.intp)
    counts = np.bincount(levels, minlength=256)
    return float(np.convolve(counts, np.ones(_ALIKE)).max() / len(levels))


def blur(grey: np.ndarray) -> float:
    """The sigma of the Gaussian blur that the sharpest edges of a face look like, in face widths; at most 0.25.

    0 where the square is plain: what seemed a face there is none.

    An edge blurred by sigma has a steepest gradient in proportion to 1 / sigma, and blurred once more by s one in
    proportion to 1 / sqrt(sigma^2 + s^2); from the ratio R of those at s = 1.5 and 4 px,
    sigma^2 = (4^2 - 1.5^2 R^2) / (R^2 - 1) (after Zhuo and Sim, Defocus map estimation, 2011).
    """
    inside = core(grey.shape[0])
    fine, coarse = (float(np.percentile(steepness(grey, s)[inside], _SHARPEST)) for s in (_FINE_PX, _COARSE_PX))
    if fine < _FAINT:
        return 0.0
    ratio = (fine / max(coarse, 1e-6)) ** 2
    if ratio <= 1:
        return MOST_BLUR
    variance = (_COARSE_PX**2 - _FINE_PX**2 * ratio) / (ratio - 1)
    return min(MOST_BLUR, float(np.sqrt(max(variance, 0.0))) / FACE_PX)


def steepness(square: np.ndarray, sigma: float) -> np.ndarray:
    """scipy.ndimage.gaussian_gradient_magnitude of a square float32 [side, side], as four products of matrices."""
    smooth, slope = _filters(len(square), sigma)
    return np.hypot(slope @ square @ smooth.T, smooth @ square @ slope.T)


@functools.cache
def _filters(side: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """What smooths the columns of a square, and what takes their slope, float32 [side, side]."""
    smooth, slope = (ndimage.gaussian_filter1d(np.eye(side), sigma, axis=0, order=order) for order in (0, 1))
    return smooth.astype(np.float32), slope.astype(np.float32)


def mosaic(grey: np.ndarray) -> float:
    """How wide the blocks of a mosaic are, in face widths; 0 where there is none.

    A mosaic's gradients lie on a lattice: for every period, the best phase's share of them, less the share of
    chance, must be high along both axes. Of a period and its parts the longest is taken.
    """
    middle = (grey.shape[0] - 1) / 2
    low, high = (round(middle + sign * 0.42 * FACE_PX) for sign in (-1, 1))
    part = grey[low:high, low:high]
    across = np.abs(np.diff(part, axis=1)).sum(axis=0)
    down = np.abs(np.diff(part, axis=0)).sum(axis=1)
    if min(across.mean(), down.mean()) < _FAINT * len(part):
        return 0.0
    regular = np.minimum(regularity(across), regularity(down))
    if regular.max() < _REGULAR:
        return 0.0
    return float(MOSAIC_PERIODS_PX[np.flatnonzero(regular >= 0.9 * regular.max())[-1]]) / FACE_PX


def regularity(gradients: np.ndarray) -> np.ndarray:
    """How much more of a profile of gradients, float32 [length] and not all 0, lies on a lattice than by chance.

    For every one of MOSAIC_PERIODS_PX, of its best phase: 1 where all of it does, 0 where as much as by chance.
    """
    first, near = _lattices(len(gradients))
    share = np.maximum.reduceat(near @ gradients, first) / gradients.sum()
    chance = _LATTICE_PX / MOSAIC_PERIODS_PX
    return np.asarray((share - chance) / (1 - chance))


@functools.cache
def _lattices(length: int) -> tuple[np.ndarray, np.ndarray]:
    """The first row [P] of each period in `near`; which places [length] are near a lattice of that period at every
    phase, float32 [rows, length]."""
    phases = [np.arange(0, period, 0.5) for period in MOSAIC_PERIODS_PX]
    first = np.cumsum([0, *(len(of_one) for of_one in phases[:-1])])
    period = np.repeat(MOSAIC_PERIODS_PX, [len(of_one) for of_one in phases])[:, np.newaxis]
    away = np.abs((np.arange(length) - np.concatenate(phases)[:, np.newaxis] + period / 2) % period - period / 2)
    return first, (away <= _LATTICE_PX / 2).astype(np.float32)
