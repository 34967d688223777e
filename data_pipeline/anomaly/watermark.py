"""Watermarks: preview wording, an owner's name or lines across the picture, or a faint mark repeated over all of it."""

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from data_pipeline.anomaly.alpha import ink_of, shrunk
from data_pipeline.anomaly.detector import Subject
from data_pipeline.anomaly.ground import is_of_ground
from data_pipeline.anomaly.lines import lines_of, share_on
from data_pipeline.anomaly.wording import (
    is_doubtful_name,
    is_doubtful_text,
    is_watermark_group,
    is_watermark_name,
    is_watermark_text,
    names_owner,
)
from data_pipeline.boxes import area, intersect
from data_pipeline.flatten.node import Node
from schemas.reasons import DropReason
from schemas.stack import PlainLayer

_ACROSS = 0.6  # of either side of the canvas: how far a repeated mark reaches
_FAINT = 0.75  # alpha: a watermark lets the picture through
_MOST_SOLID = 0.1  # of a faint layer is less so
_SOLID_DOTS = 0.02  # of faint words; of small opaque ones, which are mostly edges, a tenth and more
_HIDING = 0.5  # of the canvas: what hides more of the picture is no mark on it, whatever it is called
_MOSTLY = 0.5  # of a layer of several nodes
_FAINTEST = 8  # alpha of what counts as visible
_INK = (0.003, 0.6)  # share of the layer's box: less is a speck, more is a tint
_SIDE = 512  # px: the alpha is looked at no larger
_LEAST_SIDE = 64  # px of a layer: in a smaller one, nothing is small against it
_PERIOD = (0.03, 0.55)  # of the side; shorter is a texture, longer is not repeated
_AS_HIGH = 0.75  # of the second peak: a nearer one as high makes it a multiple of the true period
_CONTRAST = 0.75  # deviation over mean: a texture too fine for `_SIDE` leaves next to none
_BLUR = 1.0  # px: a slanted line of one pixel is like itself one step along only where it is smooth
# Correlation below which the mark's own extent ends; that of crossed lines ends higher, for each line is like itself.
_VALLEYS = (0.35, 0.65)
_PROMINENT = 0.15  # how far the second peak rises above the valley: what is less is noise
_COVERED = 0.15  # at most so much of the mark may be covered: a watermark lies on top
_LEAST_FILL, _MOST_LONG = 0.7, 1.35  # a disc fills 0.785 of its box, whose sides are alike; few letters and logos do
_MOSTLY_SPOTS = 0.8
_RULED = 0.8  # of the ink lies on lines from edge to edge, along rows and columns
_ASIDE = 0.02  # of the side: how far from the diagonal a line from corner to corner may run
_MIDDLE = 1 / 3  # of the height, where crossed lines may bear a name
_READ = 0.5  # alpha: what is to be read is no fainter
_WRITTEN_ACROSS = 0.06, 0.4  # of the canvas's longer side, at least: the height and the length of a name across it


@dataclass(frozen=True)
class Watermark:
    """Measures 1 for preview wording in a text or a name of what does not hide the picture, and for a copyright or an
    address written faintly across it; else, of a faint layer over most of the picture, the larger of two: how much its
    alpha resembles itself one period away (the height of its autocorrelation's second peak; 0 for polka dots and their
    like), and the share of both diagonals that it marks; 0 for ruled lines, and for patterns of the ground.
    In [0, 1]."""

    threshold: float
    reason: DropReason = DropReason.WATERMARK

    def measure(self, subject: Subject) -> float:
        if _is_said(subject) or _is_signed(subject):
            return 1.0
        if not _is_faint_and_wide(subject) or subject.covered > _COVERED:
            return 0.0
        if _is_ruled(subject.layer) or is_of_ground(subject):
            return 0.0
        alpha = shrunk(subject.layer.rgba, _SIDE)
        return max(crossing(alpha), 0.0 if are_spots(alpha) else repetition(alpha))


def _is_said(subject: Subject) -> bool:
    """Whether texts and names say so, of most of the layer; of words that content is made of too, only if it is
    faint."""
    layer, stack = subject.layer, subject.scene.stack
    plain = [node for node in subject.nodes if _is_named(node)]
    doubtful = [node for node in subject.nodes if node not in plain and _is_doubtful(node)]
    if not plain and not doubtful:
        return False
    if not plain and _solid_share(layer, _FAINT) > _SOLID_DOTS:
        return False
    named = plain or doubtful
    if len(named) < len(subject.nodes):
        boxes = [inner for node in named if node.box and (inner := intersect(node.box, layer.box))]
        if sum(map(area, boxes)) < _MOSTLY * area(layer.box):
            return False
    solid = int(ink_of(layer.rgba).by_alpha[round(_FAINT * 255) :].sum())
    return solid <= _HIDING * stack.width * stack.height


def _is_named(node: Node) -> bool:
    if any(map(is_watermark_group, node.groups)):
        return True
    if node.text is not None:
        return is_watermark_text(node.text)
    return node.owner_id is None and is_watermark_name(node.name)


def _is_doubtful(node: Node) -> bool:
    if any(map(is_doubtful_name, node.groups)):
        return True
    if node.text is not None:
        return is_doubtful_text(node.text)
    return node.owner_id is None and is_doubtful_name(node.name)


def _is_signed(subject: Subject) -> bool:
    """Whether a text on top says whose the picture is, in large letters that are too faint to be read."""
    layer, stack = subject.layer, subject.scene.stack
    if not subject.texts or not all(node.text and names_owner(node.text) for node in subject.nodes):
        return False
    left, top, right, bottom = layer.box
    sides = sorted((right - left, bottom - top))
    longer = max(stack.width, stack.height)
    if any(side < least * longer for side, least in zip(sides, _WRITTEN_ACROSS, strict=True)):
        return False
    return subject.covered <= _COVERED and _solid_share(layer, _READ) <= _SOLID_DOTS


def _solid_share(layer: PlainLayer, alpha: float) -> float:
    """Of what a layer paints, the share whose alpha exceeds this one, in [0, 1]."""
    by_alpha = ink_of(layer.rgba).by_alpha
    return float(by_alpha[round(alpha * 255) + 1 :].sum()) / max(1, int(by_alpha[_FAINTEST + 1 :].sum()))


def _is_faint_and_wide(subject: Subject) -> bool:
    stack, layer = subject.scene.stack, subject.layer
    left, top, right, bottom = layer.box
    if (
        min(right - left, bottom - top) < _LEAST_SIDE
        or right - left < _ACROSS * stack.width
        or bottom - top < _ACROSS * stack.height
        or not subject.index
    ):
        return False
    visible = int(ink_of(layer.rgba).by_alpha[_FAINTEST + 1 :].sum())
    return _INK[0] <= visible / area(layer.box) <= _INK[1] and _solid_share(layer, _FAINT) <= _MOST_SOLID


def _is_ruled(layer: PlainLayer) -> bool:
    """Whether next to all ink is of lines along rows or columns, as of ruled paper."""
    ink = ink_of(layer.rgba)
    rows, columns = lines_of(ink.rows, len(ink.columns)), lines_of(ink.columns, len(ink.rows))
    return share_on((rows.is_inked, columns.is_inked), ink) > _RULED


def crossing(alpha: np.ndarray) -> float:
    """The share of the points on both diagonals that lines mark, in [0, 1]; 0 where most of the alpha above and below
    the middle lies elsewhere.

    `alpha` is float32 [height, width] in 0..255.
    """
    height, width = alpha.shape
    if min(height, width) < 2:
        return 0.0
    y, x = np.ogrid[:height, :width]
    down, across = (y + 0.5) / height, (x + 0.5) / width
    falling, rising = np.abs(down - across) <= _ASIDE, np.abs(down + across - 1) <= _ASIDE
    around = np.where(np.abs(down - 0.5) > _MIDDLE / 2, alpha, 0)
    total = float(around.sum())
    if total == 0 or float(around[falling | rising].sum()) < 0.6 * total:
        return 0.0
    along = 0 if height >= width else 1  # each row, or each column, holds one point of either diagonal
    return min(float(np.where(band, alpha, 0).max(axis=1 - along).astype(bool).mean()) for band in (falling, rising))


def are_spots(alpha: np.ndarray) -> bool:
    """Whether what is marked are discs or squares, as patterns of a design have them; `alpha` as for `crossing`."""
    if not alpha.any():
        return False
    marks, count = ndimage.label(alpha > alpha.max() / 2)
    top, left, bottom, right = (
        np.array([getattr(span[axis], end) for span in ndimage.find_objects(marks)], np.intp)
        for end in ("start", "stop")
        for axis in (0, 1)
    )
    is_whole = (top > 0) & (left > 0) & (bottom < alpha.shape[0]) & (right < alpha.shape[1])
    height, width = bottom - top, right - left
    fill = np.bincount(marks.ravel(), minlength=count + 1)[1:] / (height * width)
    shorter, longer = np.minimum(height, width), np.maximum(height, width)
    is_spot = (fill >= _LEAST_FILL) & (longer <= _MOST_LONG * shorter) & (shorter > 1)
    return bool(is_whole.any()) and float(is_spot[is_whole].mean()) >= _MOSTLY_SPOTS


def repetition(alpha: np.ndarray) -> float:
    """The highest peak of the autocorrelation at distances of `_PERIOD`, in [0, 1], and 0 for what is repeated at
    shorter ones already; `alpha` as for `crossing`.

    By Wiener and Khinchin, as the inverse transform of the power spectrum of the padded plane; each displacement is
    divided by the correlation that what overlaps there could have (Cauchy and Schwarz).
    """
    height, width = alpha.shape
    alpha = ndimage.gaussian_filter(alpha, _BLUR)
    if not alpha.size or float(alpha.std()) <= _CONTRAST * float(alpha.mean()):
        return 0.0
    small = alpha - alpha.mean()
    shape = tuple(fft.next_fast_len(2 * side, real=True) for side in small.shape)
    spectrum = fft.rfft2(small, shape)
    correlation = fft.irfft2(np.abs(spectrum) ** 2, shape)
    squares = small * small
    energy = fft.irfft2(fft.rfft2(squares, shape) * np.conj(fft.rfft2(np.ones_like(small), shape)), shape)
    reach_y, reach_x = height * 3 // 4, width * 3 // 4
    y, x = np.arange(-reach_y, reach_y + 1), np.arange(-reach_x, reach_x + 1)
    # What overlaps at a displacement lies at the end of one copy and at the beginning of the other.
    own, other = energy[np.ix_(y, x)], energy[np.ix_(-y, -x)]
    bound = np.sqrt(np.maximum(own * other, 0))
    likeness = np.divide(
        correlation[np.ix_(y, x)], bound, out=np.zeros_like(bound), where=bound > 0.05 * float(squares.sum())
    )
    distance = np.hypot(y[:, None], x[None, :]) / max(height, width)
    return max(_second_peak(likeness, distance, valley) for valley in _VALLEYS)


def _second_peak(likeness: np.ndarray, distance: np.ndarray, valley: float) -> float:
    """The highest point beyond a valley around no displacement, in the middle; 0 where one as high is too near."""
    regions, _ = ndimage.label(likeness > valley, np.ones((3, 3)))  # slanted ridges touch at corners
    elsewhere = regions != regions[likeness.shape[0] // 2, likeness.shape[1] // 2]
    peak = float(likeness[elsewhere & (distance >= _PERIOD[0]) & (distance <= _PERIOD[1])].max(initial=0.0))
    nearer = float(likeness[elsewhere & (distance < _PERIOD[0])].max(initial=0.0))
    return 0.0 if nearer >= _AS_HIGH * peak or peak < valley + _PROMINENT else min(peak, 1.0)
