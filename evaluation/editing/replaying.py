"""A predicted and a true stack, as they lie on disk, in; the rows of the report's table out, and pictures of one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from evaluation.editing.replay import edited_pair, replay
from evaluation.page.blocks import Picture, printable
from evaluation.pairing import Pair
from schemas.editing import ReplayRow
from schemas.stack import Stack

_SHOWN_PX = 512


@dataclass(frozen=True)
class Replayed:
    """Of one pair. Without rows `problem` says why it was skipped; with rows, why nothing matched."""

    rows: tuple[ReplayRow, ...]
    problem: str = ""


def replayed(pair: Pair, seed: int, layers: int) -> Replayed:
    """Of a pair that has a truth. Nothing that lies in a file ends the run."""
    try:
        truth = _truth(pair)
    except ValueError as error:
        return Replayed((), str(error))
    pred, problem = _comparable(pair, truth)
    rows = tuple(replay(pred, truth, printable(pair.name), seed, layers))
    return Replayed(rows, problem if rows else f"{pair.name}: no layer shows anything")


def pictures(pair: Pair, row: ReplayRow) -> Iterator[Picture]:
    """The true composite after an edit, and the predicted one."""
    truth = _truth(pair)
    shown = edited_pair(_comparable(pair, truth)[0], row.matched, truth, row.layer, row.edit)
    ours = "predicted" if row.matched is not None else "predicted, unedited: no layer matches"
    labels = (f"{row.sample}: {row.edit}, layer {row.layer}", ours)
    for label, rgba in zip(labels, shown, strict=False):
        yield Picture(label, _small(rgba))


def _truth(pair: Pair) -> Stack:
    assert pair.truth is not None, "pairs without a truth are counted, and no more"
    return pair.truth.read()


def _comparable(pair: Pair, truth: Stack) -> tuple[Stack | None, str]:
    """The prediction, or why there is none that could be compared."""
    if pair.pred is None:
        return None, f"{pair.name} has no prediction of its name"
    try:
        pred = pair.pred.read()
    except ValueError as error:
        return None, str(error)
    if (pred.width, pred.height) != (truth.width, truth.height):
        sizes = f"{pred.width} x {pred.height} px where {truth.width} x {truth.height} px are due"
        return None, f"{pair.pred.where}: the canvas is {sizes}"
    return pred, ""


def _small(rgba: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(rgba)
    picture.thumbnail((_SHOWN_PX, _SHOWN_PX))
    return np.asarray(picture)
