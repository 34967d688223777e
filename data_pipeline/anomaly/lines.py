"""A layer's ink by row or by column in, its lines and bands from edge to edge out, and whether they lie evenly."""

from dataclasses import dataclass

import numpy as np

from data_pipeline.anomaly.alpha import Ink

_LEAST_PERIOD_PX = 5  # finer lines are a texture, such as the lines of a screen
_UNEVEN = 0.1  # how far distances may vary
_NEAR_EDGE_PX = 3  # of the canvas: a line there may be left out
_MOSTLY = 0.7  # of the distances do not


@dataclass(frozen=True, eq=False)
class Lines:
    """Runs of rows, or of columns, that are inked from one edge of the layer to the other."""

    is_inked: np.ndarray  # bool [length], of each row or column
    starts: np.ndarray  # [N]
    widths: np.ndarray  # [N] in px

    @property
    def inner(self) -> int:
        """How many touch neither end: those that do are the sides of a frame."""
        return int(np.count_nonzero((self.starts > 0) & (self.starts + self.widths < len(self.is_inked))))

    def are_thin(self, most_px: float) -> bool:
        return bool((self.widths <= most_px).all())

    def are_even(self, fewest: int, most_px: float) -> bool:
        """Whether those that are thin, at least so many, lie at even distances."""
        return _is_even(self.starts[self.widths <= most_px], fewest)

    def go_on(self, before_px: int, after_px: int) -> bool:
        """Whether even lines leave no room for one more on either side, where the canvas goes on for so many px."""
        most = (1 + _UNEVEN) * float(np.median(np.diff(self.starts))) + _NEAR_EDGE_PX
        return before_px + int(self.starts[0]) <= most and len(self.is_inked) - int(self.starts[-1]) + after_px <= most

    def are_bands(self, fewest: int, least_px: float) -> bool:
        """Whether all have one width, larger than this one, and lie at even distances."""
        if not _is_even(self.starts, fewest):
            return False
        width = float(np.median(self.widths))
        return width > least_px and bool((np.abs(self.widths - width) <= 1).all())


def lines_of(inked_px: np.ndarray, across_px: int) -> Lines:
    """Of how many pixels of each row are inked, those whose `across_px` all are; or of each column."""
    is_inked = inked_px == across_px
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_inked, [False]]).astype(np.int8)))
    return Lines(is_inked, edges[::2], edges[1::2] - edges[::2])


def share_on(aids: tuple[np.ndarray, np.ndarray], ink: Ink) -> float:
    """Of all ink, the share on these rows and columns, which are inked from edge to edge."""
    rows, columns = aids
    crossings = int(np.count_nonzero(rows)) * int(np.count_nonzero(columns))
    return (int(ink.rows[rows].sum()) + int(ink.columns[columns].sum()) - crossings) / ink.total


def _is_even(starts: np.ndarray, fewest: int) -> bool:
    if len(starts) < fewest:
        return False
    distances = np.diff(starts)
    usual = float(np.median(distances))
    if usual < _LEAST_PERIOD_PX:
        return False
    return float((np.abs(distances - usual) <= max(1, _UNEVEN * usual)).mean()) >= _MOSTLY
