"""Guides and grids: thin lines, or even columns, from edge to edge, that help a designer and belong to no design."""

import re
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from data_pipeline.anomaly.alpha import Ink, ink_of
from data_pipeline.anomaly.detector import Subject
from data_pipeline.anomaly.lines import lines_of
from data_pipeline.anomaly.wording import plain_words
from schemas.reasons import DropReason
from schemas.stack import Stack

_NAMED = re.compile(
    r"\b(grids?|grid ?lines?|gridlines|guides?|guide ?lines?|rulers?|safe (area|zone)|bleeds?|trim|crop ?marks?"
    r"|margins?|rule of thirds|baselines?|columns?|layout (lines|columns))\b",
    re.IGNORECASE,
)
_GROUP = re.compile(r"^\W*(guides?|guide ?lines|rulers?|grid ?lines|layout guides?)\W*$", re.IGNORECASE)
_PAPER = re.compile(  # lines that belong to the design
    r"\b((graph|grid|ruled|lined|squared|note ?book|wall) ?paper|paper|note ?book|pattern|texture|plaid|tartan|gingham"
    r"|check(s|ed|ered)?|(pin)?stripes?)\b",
    re.IGNORECASE,
)
_MOST_INK = 0.95  # of the canvas: a layer that covers more is no aid, whatever its name
_NAMED_ACROSS = 0.5  # of the canvas's side: a smaller "grid" is an icon
_ACROSS = 0.9  # of the canvas's side: how far a line reaches
_LINES = 6  # at least, in one direction: fewer divide a page into sections
_CROSSING = 2  # at least, in each of two directions
_BANDS = 3  # at least, of columns
_THIN = 0.005  # of the canvas's longer side, and at least 3 px
_FAINT = 0.75  # alpha: columns let the design through, or they are its stripes
_MOST_SOLID = 0.1  # of a faint layer's ink is less so
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
        labels = [plain_words(label) for label in subject.labels]
        if subject.texts or any(map(_PAPER.search, labels)):
            return 0.0
        is_named = any(map(_NAMED.search, labels)) or any(_GROUP.search(plain_words(name)) for name in subject.groups)
        wide, high = rgba.shape[1] / stack.width, rgba.shape[0] / stack.height
        if max(wide, high) < (_NAMED_ACROSS if is_named else _ACROSS):
            return 0.0
        ink = ink_of(rgba)
        if not 0 < ink.total <= _MOST_INK * stack.width * stack.height:
            return 0.0
        is_aid = is_named and (_is_thin(rgba, stack) or _share_on(_aids(ink, stack, across=0), ink) > self.threshold)
        if is_aid and _is_plain(rgba):
            return 1.0
        return _share_on(_aids(ink, stack, _ACROSS), ink) if subject.covered <= _COVERED else 0.0


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


def _aids(ink: Ink, stack: Stack, across: float) -> tuple[np.ndarray, np.ndarray]:
    """Which rows and which columns, bool [height] and [width], are lines or bands of an aid; none of lines that do
    not reach so far across the canvas."""
    height, width = len(ink.rows), len(ink.columns)
    rows, columns = lines_of(ink.rows, width), lines_of(ink.columns, height)
    is_wide, is_high = width >= across * stack.width, height >= across * stack.height
    thin_px = _thin_px(stack)
    if is_wide and is_high and min(rows.inner, columns.inner) >= _CROSSING:
        is_grid = rows.are_thin(thin_px) and columns.are_thin(thin_px)
        return rows.is_inked & is_grid, columns.is_inked & is_grid
    is_faint = int(ink.by_alpha[round(_FAINT * 255) :].sum()) <= _MOST_SOLID * ink.total
    is_aid = [
        reaches and (lines.are_even(_LINES, thin_px) or (is_faint and lines.are_bands(_BANDS)))
        for lines, reaches in ((rows, is_wide), (columns, is_high))
    ]
    return rows.is_inked & is_aid[0], columns.is_inked & is_aid[1]


def _share_on(aids: tuple[np.ndarray, np.ndarray], ink: Ink) -> float:
    """Of all ink, the share on these rows and columns, which are inked from edge to edge."""
    rows, columns = aids
    crossings = int(np.count_nonzero(rows)) * int(np.count_nonzero(columns))
    return (int(ink.rows[rows].sum()) + int(ink.columns[columns].sum()) - crossings) / ink.total
