"""Guides and grids: thin lines, or even columns, from edge to edge, that help a designer and belong to no design."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import ndimage

from data_pipeline.anomaly.alpha import Ink, ink_of
from data_pipeline.anomaly.detector import Subject
from data_pipeline.anomaly.ground import is_of_ground
from data_pipeline.anomaly.guide_names import is_aid, is_aid_group, says_nothing
from data_pipeline.anomaly.lines import lines_of, share_on
from schemas.reasons import DropReason
from schemas.stack import PlainLayer, Stack

_MOST_INK = 0.95  # of the canvas: a layer that covers more is no aid, whatever its name
_NAMED_ACROSS = 0.5  # of the canvas's side: a smaller "grid" is an icon
_ACROSS = 0.98  # of the canvas's side: how far a line reaches; those of tables leave a margin
_SPREAD = 0.7  # of the canvas's side, over which columns lie
_LINES = 8  # at least, in one direction: fewer divide a page into sections
_ROWS = 6  # even lines, and more, that begin below a title or end above the foot are those of a table or a list
_CROSSING = 2  # at least, in each of two directions
_BANDS = 3  # at least, of columns
_THIN = 0.005  # of the canvas's longer side, and at least 3 px
_FAINT = 0.75  # alpha: columns let the design through, or they are its stripes
_MOST_SOLID = 0.1  # of a faint layer's ink is less so
_COVERED = 0.1  # at most so much may be covered: lines and stripes below other things belong to the design
_SIDE = 1024  # px: a named layer is looked at no larger
_LONG = 0.2  # of the canvas's longer side: strokes that are shorter are letters, or dashes
_DASHED = 0.3  # of a row or a column that dashes ink; letters ink as much of several rows side by side
_SPECKS = 0.05  # of a thin layer's ink may be thick or short, such as its labels


@dataclass(frozen=True)
class Guide:
    """Measures the share of a layer's ink that lies on lines or columns from edge to edge; a layer that is called a
    guide or a grid, or lies in a group so called, and holds long thin lines of hardly more than one colour, measures 1,
    and one that somebody called something else 0."""

    threshold: float
    reason: DropReason = DropReason.GUIDE

    def measure(self, subject: Subject) -> float:
        stack, rgba = subject.scene.stack, subject.layer.rgba
        is_named = any(map(is_aid, subject.labels)) or any(map(is_aid_group, subject.groups))
        if subject.texts or not (is_named or all(map(says_nothing, subject.labels))):
            return 0.0
        wide, high = rgba.shape[1] / stack.width, rgba.shape[0] / stack.height
        if max(wide, high) < (_NAMED_ACROSS if is_named else _ACROSS):
            return 0.0
        ink = ink_of(rgba)
        if not 0 < ink.total <= _MOST_INK * stack.width * stack.height:
            return 0.0
        aids = partial(_aids, ink, subject.layer, stack)
        is_drawn = is_named and (_is_thin(rgba, stack) or share_on(aids(across=0), ink) > self.threshold)
        if is_drawn and _is_plain(rgba):
            return 1.0
        if subject.covered > _COVERED:
            return 0.0
        share = share_on(aids(across=_ACROSS), ink)
        return 0.0 if share and is_of_ground(subject) else share


def _is_plain(rgba: np.ndarray) -> bool:
    """Of hardly more than one colour."""
    points = rgba if rgba.shape[0] * rgba.shape[1] <= 1 << 22 else _points(rgba, 2048)
    colours = points[points[..., 3] > 0][:, :3].astype(np.int16)
    if not len(colours):
        return True
    return float((np.abs(colours - np.median(colours, axis=0)) <= 24).all(axis=1).mean()) > 0.9


def _points(rgba: np.ndarray, side_px: int) -> np.ndarray:
    """Every so many-th row and column, odd in number: an even one would miss lines at even distances."""
    step = -(-max(rgba.shape[:2]) // side_px) | 1
    return rgba[::step, ::step]


def _is_thin(rgba: np.ndarray, stack: Stack) -> bool:
    """Whether next to all ink is of long strokes or of dashes in a line, and lies in no square that is inked all over
    and larger than lines are thick."""
    step = -(-max(rgba.shape[:2]) // _SIDE)
    height, width = (side // step for side in rgba.shape[:2])
    ink = np.zeros((height, width), np.uint8)
    for y in range(step):  # a thick spot stays one where every pixel of a square is asked
        for x in range(step):
            ink |= rgba[y : height * step : step, x : width * step : step, 3] > 0
    thick = max(2, round(_thin_px(stack) / step) + 2)
    solid = ndimage.maximum_filter(ndimage.minimum_filter(ink, thick, mode="constant"), thick)
    strokes, _ = ndimage.label(ink, np.ones((3, 3)))
    lengths = [max(y.stop - y.start, x.stop - x.start) for y, x in ndimage.find_objects(strokes)]
    is_long = np.array([0, *lengths]) * step >= _LONG * max(stack.width, stack.height)
    dense = ink.mean(axis=1) >= _DASHED, ink.mean(axis=0) >= _DASHED
    several = round(max(3, _thin_px(stack) / 2) / step) + 1
    rows, columns = (one & ~ndimage.binary_opening(one, np.ones(several)) for one in dense)
    is_line = (is_long[strokes] | rows[:, np.newaxis] | columns) & (ink > 0) & (solid == 0)
    return int(np.count_nonzero(is_line)) >= (1 - _SPECKS) * int(np.count_nonzero(ink))


def _thin_px(stack: Stack) -> float:
    return max(3, _THIN * max(stack.width, stack.height))


def _aids(ink: Ink, layer: PlainLayer, stack: Stack, across: float) -> tuple[np.ndarray, np.ndarray]:
    """Which rows and which columns, bool [height] and [width], are lines or bands of an aid; with `across` above 0
    none that do not reach so far across the canvas, nor lie all over it."""
    height, width = len(ink.rows), len(ink.columns)
    rows, columns = lines_of(ink.rows, width), lines_of(ink.columns, height)
    is_wide, is_high = width >= across * stack.width, height >= across * stack.height
    spread = min(across, _SPREAD)
    thin_px = _thin_px(stack)
    left, top, right, bottom = layer.box
    around = (top, stack.height - bottom), (left, stack.width - right)
    is_table = [
        across > 0 and lines.are_even(_ROWS, thin_px) and not lines.go_on(*px)
        for lines, px in zip((rows, columns), around, strict=True)
    ]
    if is_wide and is_high and min(rows.inner, columns.inner) >= _CROSSING:
        is_grid = rows.are_thin(thin_px) and columns.are_thin(thin_px) and not any(is_table)
        return rows.is_inked & is_grid, columns.is_inked & is_grid
    is_faint = int(ink.by_alpha[round(_FAINT * 255) :].sum()) <= _MOST_SOLID * ink.total
    is_spread = height >= spread * stack.height, width >= spread * stack.width
    is_aid = [
        reaches
        and not stops
        and (lines.are_even(_LINES, thin_px) or (is_faint and spreads and lines.are_bands(_BANDS, thin_px)))
        for lines, reaches, spreads, stops in zip((rows, columns), (is_wide, is_high), is_spread, is_table, strict=True)
    ]
    return rows.is_inked & is_aid[0], columns.is_inked & is_aid[1]
