"""Rows of many samples in, the dataset's rows out: row k is the mean of row k of every sample, or of its last."""

from collections.abc import Sequence

import numpy as np

from schemas.decomposition import Row


def filled(samples: Sequence[Sequence[Row]], max_edits: int) -> np.ndarray:
    """Float64 [samples, max_edits + 1, 3]: a sample that stopped early keeps its last row, as LayerD aggregates it."""
    return np.array([[rows[min(edits, len(rows) - 1)] for edits in range(max_edits + 1)] for rows in samples])


def aggregate(samples: Sequence[Sequence[Row]], max_edits: int) -> list[Row]:
    """After 0, 1, ... `max_edits` merges. Raises ValueError where there is no sample."""
    if not samples:
        raise ValueError("there is no sample to take the mean of")
    return [Row(*(float(value) for value in row)) for row in filled(samples, max_edits).mean(axis=0)]
