"""Guides and grids: thin lines, or even columns, from edge to edge, that help a designer and belong to no design."""

import re
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from data_pipeline.anomaly.alpha import Ink, ink_of
from data_pipeline.anomaly.detector import Subject
from data_pipeline.anomaly.wording import plain_words
from schemas.reasons import DropReason
from schemas.stack import Stack

_NAMED = re.compile(
    r"\b(grids?|grid ?lines?|gridlines|guides?|guide ?lines?|rulers?|safe (area|zone)|bleeds?|trim|crop ?marks?"
    r"|margins?|rule of thirds|baselines?|columns?|layout (lines|columns))\b",
    re.IGNORECASE,
)
_GROUP = re.compile(r"^\W*(guides?|guide ?lines|rulers?|grid ?lines|layout guides?)\W*$", re.IGNORECASE)
_MOST_INK = 0.95  # of the canvas: a layer that covers more is no aid, whatever its name
_NAMED_ACROSS = 0.5  # of the canvas's side: a smaller "grid" is an icon
_ACROSS = 0.9  # of the canvas's side: how far a line reaches
_LINES = 6  # at least, in one direction: fewer divide a page into sections. Two do where the other has two
_BANDS = 3  # at least, of columns
_THIN = 0.005  # of the canvas's longer side, and at least 3 px
_LEAST_PERIOD = 5  # px: finer lines are a texture, such as the lines of a screen
_UNEVEN = 0.1  # how far distances between lines, or widths of columns, may vary
_FAINT = 0.75  # alpha: columns let the design through, or they are its stripes
_COVERED = 0.1  # at most so much may be covered: lines and stripes below other things belong to the design
_SIDE = 512  # px: a named layer is looked at no larger
_SPECKS = 0.05  # of a thin layer's ink may be thick, such as its labels


@dataclass(frozen=True)
class Guide:
    """Measures the share of a layer's ink that lies on lines or columns from edge to edge; a layer that is called a
    guide or a grid, or lies in a group so called, and holds thin lines of hardly more than one colour, measures 1."""

    threshold: float
    reason: DropReason = DropReason.GUIDE

    def measure(self, subject: Subject) -> float:
        stack, rgba = subject.scene.stack, subject.layer.rgba
        is_named = any(_NAMED.search(plain_words(label)) for label in subject.labels)
        is_named |= any(_GROUP.search(plain_words(name)) for name in subject.groups)
        wide, high = rgba.shape[1] / stack.width, rgba.shape[0] / stack.height
        if subject.texts or max(wide, high) < (_NAMED_ACROSS if is_named else _ACROSS):
            return 0.0
        ink = ink_of(rgba)
        if not 0 < ink.total <= _MOST_INK * stack.width * stack.height:
            return 0.0
        is_aid = is_named and (_is_thin(rgba, stack) or _on_lines(rgba, ink, stack, 0) > self.threshold)
        if is_aid and _is_plain(rgba):
            return 1.0
        share = _on_lines(rgba, ink, stack, _ACROSS)
        return share if share and subject.covered <= _COVERED else 0.0


def _points(rgba: np.ndarray, side_px: int) -> np.ndarray:
    """Every so many-th row and column, odd in number: an even one would miss lines at even distances."""
    step = -(-max(rgba.shape[:2]) // side_px) | 1
    return rgba[::step, ::step]


def _is_plain(rgba: np.ndarray) -> bool:
    """Of hardly more than one colour."""
    points = rgba if rgba.shape[0] * rgba.shape[1] <= 1 << 22 else _points(rgba, 2048)
    colours = points[points[..., 3] > 0][:, :3].astype(np.int16)
    if not len(colours):
        return True
    return float((np.abs(colours - np.median(colours, axis=0)) <= 24).all(axis=1).mean()) > 0.9


def _is_thin(rgba: np.ndarray, stack: Stack) -> bool:
    """Whether hardly any ink lies in a square that is inked all over and larger than lines are thick."""
    step = -(-max(rgba.shape[:2]) // _SIDE)
    height, width = (side // step for side in rgba.shape[:2])
    ink = np.zeros((height, width), np.uint8)
    for y in range(step):  # a thick spot stays one where every pixel of a square is asked
        for x in range(step):
            ink |= rgba[y : height * step : step, x : width * step : step, 3] > 0
    thick = max(2, round(_thin_px(stack) / step) + 2)
    solid = ndimage.maximum_filter(ndimage.minimum_filter(ink, thick, mode="constant"), thick)
    return int(np.count_nonzero(solid & ink)) <= _SPECKS * int(np.count_nonzero(ink))


def _thin_px(stack: Stack) -> float:
    return max(3, _THIN * max(stack.width, stack.height))


def _on_lines(rgba: np.ndarray, ink: Ink, stack: Stack, across: float) -> float:
    """The share of the ink on rows and columns that are inked from edge to edge; 0 where those are no grid, or
    do not reach so far across the canvas."""
    height, width = rgba.shape[:2]
    rows, columns = ink.rows == width, ink.columns == height
    starts = [_starts(one, _thin_px(stack)) for one in (rows, columns)]
    wide, high = width >= across * stack.width, height >= across * stack.height
    if not (wide and high and min(_inner(rows), _inner(columns)) >= 2):  # lines in one direction, or a frame
        is_faint = int(ink.by_alpha[round(_FAINT * 255) :].sum()) <= 0.1 * ink.total
        rows &= wide and (_is_even(starts[0], _LINES) or (is_faint and _are_columns(rows)))
        columns &= high and (_is_even(starts[1], _LINES) or (is_faint and _are_columns(columns)))
    elif not (_all_thin(rows, starts[0]) and _all_thin(columns, starts[1])):
        return 0.0
    crossings = int(np.count_nonzero(rows)) * int(np.count_nonzero(columns))
    return (int(ink.rows[rows].sum()) + int(ink.columns[columns].sum()) - crossings) / ink.total


def _runs(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where runs of marked rows start, and how long they are."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lines, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2] - edges[::2]


def _inner(lines: np.ndarray) -> int:
    """How many runs touch neither end: those that do are the sides of a frame."""
    starts, widths = _runs(lines)
    return int(np.count_nonzero((starts > 0) & (starts + widths < len(lines))))


def _starts(lines: np.ndarray, thin_px: float) -> np.ndarray:
    """Where thin runs start."""
    starts, widths = _runs(lines)
    return starts[widths <= thin_px]


def _all_thin(lines: np.ndarray, starts: np.ndarray) -> bool:
    return len(starts) == len(_runs(lines)[0])


def _is_even(starts: np.ndarray, fewest: int) -> bool:
    """Whether lines, at least so many, lie at even distances."""
    if len(starts) < fewest:
        return False
    distances = np.diff(starts)
    usual = float(np.median(distances))
    return usual >= _LEAST_PERIOD and float((np.abs(distances - usual) <= max(1, _UNEVEN * usual)).mean()) >= 0.7


def _are_columns(lines: np.ndarray) -> bool:
    """Whether marked rows form bands of one width at even distances."""
    starts, widths = _runs(lines)
    return _is_even(starts, _BANDS) and bool((np.abs(widths - np.median(widths)) <= 1).all())
