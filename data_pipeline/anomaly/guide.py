"""Guides and grids: thin lines, or even columns, from edge to edge, that help a designer and belong to no design."""

import re
from dataclasses import dataclass

import numpy as np

from data_pipeline.anomaly.detector import Subject
from schemas.reasons import DropReason
from schemas.stack import Stack

_NAMED = re.compile(
    r"\b(grids?|grid ?lines?|guides?|guide ?lines?|rulers?|safe (area|zone)|bleed|trim|crop ?marks?|margins?)\b",
    re.IGNORECASE,
)
_MOST_INK = 0.5  # of the canvas: a layer that covers more is no aid, whatever its name
_NAMED_ACROSS = 0.5  # of the canvas's side: a smaller "grid" is an icon
_ACROSS = 0.9  # of the canvas's side: how far a line reaches
_LINES = 3  # at least, in one direction
_THIN = 0.012  # of the canvas's longer side, and at least 3 px
_UNEVEN = 0.1  # how far distances between lines, or widths of columns, may vary


@dataclass(frozen=True)
class Guide:
    """Measures the share of a layer's ink that lies on lines or columns from edge to edge; a layer that is called a
    guide or a grid, and paints one faint or plain thing, measures 1."""

    threshold: float
    reason: DropReason = DropReason.GUIDE

    def measure(self, subject: Subject) -> float:
        stack, rgba = subject.scene.stack, subject.layer.rgba
        ink = rgba[..., 3] > 0
        count = int(np.count_nonzero(ink))
        if not count or count > _MOST_INK * stack.width * stack.height:
            return 0.0
        reaches = ink.shape[1] >= _NAMED_ACROSS * stack.width or ink.shape[0] >= _NAMED_ACROSS * stack.height
        if reaches and any(_NAMED.search(name) for name in subject.names) and _is_plain(rgba, ink):
            return 1.0
        return _on_lines(subject, ink) / count


def _is_plain(rgba: np.ndarray, ink: np.ndarray) -> bool:
    """Of hardly more than one colour."""
    colours = rgba[ink][:, :3].astype(np.int16)
    return float((np.abs(colours - np.median(colours, axis=0)) <= 24).all(axis=1).mean()) > 0.9


def _on_lines(subject: Subject, ink: np.ndarray) -> int:
    """How many pixels of ink lie on rows and columns that are inked from edge to edge; 0 where those are no grid."""
    stack = subject.scene.stack
    height, width = ink.shape
    rows = np.asarray(ink.all(axis=1))
    columns = np.asarray(ink.all(axis=0))
    has_rows = width >= _ACROSS * stack.width and _is_regular(rows, stack)
    has_columns = height >= _ACROSS * stack.height and _is_regular(columns, stack)
    return int(np.count_nonzero((rows & has_rows)[:, None] | (columns & has_columns)[None, :]))


def _is_regular(lines: np.ndarray, stack: Stack) -> bool:
    """Whether marked rows form thin lines, or columns of one width, at even distances."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lines, [False]]).astype(np.int8)))
    starts, widths = edges[::2], edges[1::2] - edges[::2]
    if len(starts) < _LINES:
        return False
    thin = max(3, _THIN * max(stack.width, stack.height))
    distances = np.diff(starts)
    even = bool((np.abs(distances - np.median(distances)) <= max(1, _UNEVEN * np.median(distances))).mean() >= 0.6)
    same_width = bool((np.abs(widths - np.median(widths)) <= 1).all())
    return even and (same_width or bool((widths <= thin).all()))
