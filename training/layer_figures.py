"""Layers that a network drew in, figures of them and a sheet for people out.

`alone` are those that it drew without being told how many there are; None where it was not asked.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from data_pipeline.compose import compose
from evaluation.decomposition.cut import cuts_of_stack
from evaluation.decomposition.forgiven import leftovers, recomposition
from evaluation.decomposition.metric import MAX_EDITS, decompose
from schemas.stack import PlainLayer, Stack
from training.picture_sheet import Row, sheet

_EDITS = (0, MAX_EDITS)  # merges at which scores are told


def as_stack(frames: Iterable[np.ndarray]) -> Stack:
    """Of uint8 RGBA [H, W, 4] of one size, bottom to top; one at least."""
    layers = tuple(PlainLayer((0, 0, rgba.shape[1], rgba.shape[0]), np.ascontiguousarray(rgba)) for rgba in frames)
    return Stack(*layers[0].box[2:], layers)


def decomposed(stack: Stack, truth: Stack, alone: Stack | None) -> dict[str, float]:
    """LayerD's scores after 0 and 5 merges; `recomposition`: how far the layers' blend is from the picture that was to
    be decomposed, mean of |difference| in 1/255; `blank_rate`: share of the layers that show nothing."""
    figures = {**_scores(stack, truth), "blank_rate": _blank_rate(stack)}
    figures["recomposition"] = recomposition(stack, truth).mean
    if alone is not None:
        figures |= {f"auto_{name}": value for name, value in _scores(alone, truth).items()}
        figures["auto_layers_off"] = float(abs(len(alone.layers) - len(truth.layers)))
    return figures


def generated(composite: Stack, stack: Stack, alone: Stack | None) -> dict[str, float]:
    """Of layers drawn from text. `recomposition` is how far their blend is from the composite drawn beside them."""
    figures = {"blank_rate": _blank_rate(stack), "recomposition": recomposition(stack, composite).mean}
    return figures if alone is None else {**figures, "auto_layers": float(len(alone.layers))}


def decomposition_sheet(picture: np.ndarray, stack: Stack, truth: Stack, alone: Stack | None) -> np.ndarray:
    """Rows: predicted layers; true ones; those that were drawn without being told how many."""
    return _sheet("input", [(picture, stack), ("true", truth), ("auto", alone)])


def generation_sheet(composite: np.ndarray, stack: Stack, alone: Stack | None) -> np.ndarray:
    """Rows: layers; those that were drawn without being told how many."""
    return _sheet("composite", [(composite, stack), ("auto", alone)])


def _sheet(first: str, rows: Sequence[tuple[np.ndarray | str, Stack | None]]) -> np.ndarray:
    filled: list[Row] = [
        [picture, compose(stack), *(layer.rgba for layer in stack.layers)]
        for picture, stack in rows
        if stack is not None
    ]
    most = max(map(len, filled)) - 2
    return sheet((first, "recomposed", *map(str, range(most))), filled)


def _scores(stack: Stack, truth: Stack) -> dict[str, float]:
    rows = decompose(stack, truth).rows
    scores: dict[str, float] = {}
    for edits in _EDITS:
        row = rows[min(edits, len(rows) - 1)]  # a sample that stopped early keeps its last
        scores |= {f"alpha_iou_{edits}": row.alpha_iou, f"rgb_l1_{edits}": row.rgb_l1}
    return scores


def _blank_rate(stack: Stack) -> float:
    return leftovers(cuts_of_stack(stack), stack.width, stack.height).blank_layers / len(stack.layers)
