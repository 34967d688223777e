"""Replay: an edit done to a true layer, and to the predicted layer that matches it; the two pictures compared.

Both edits are one: they act on the frame of the true layer, so that the predicted pixels are turned about the same
point and scaled by the same factors, whatever lies around them. A layer that nothing matches cannot be edited and
counts as the worst there is.
"""

from collections.abc import Iterator

import numpy as np

from data_pipeline.compose import compose
from evaluation.editing.grid import LAYERS, VARIANTS, Variant, drawn_layers
from evaluation.editing.isolation import change, foreign_changed, support
from evaluation.editing.likeness import WORST, likeness
from evaluation.editing.matching import matches
from inference.apply_edits import edit_layer, frame_of
from inference.edits import Edit, Remove, Reorder, operation
from schemas.editing import ReplayRow
from schemas.stack import Stack


def replay(pred: Stack | None, truth: Stack, name: str, seed: int = 0, layers: int = LAYERS) -> Iterator[ReplayRow]:
    """A row for every edit of the grid and every layer drawn. Without a prediction, or one without layers, nothing
    matches.

    Raises ValueError where the canvases differ.
    """
    found = matches(pred, truth) if pred is not None and pred.layers else (None,) * len(truth.layers)
    before = None if pred is None else compose(pred)
    for layer in drawn_layers(truth, name, seed, layers):
        match = found[layer]
        for label, variant in VARIANTS.items():
            if pred is None or before is None or match is None:
                yield _worst(name, truth, layer, label, variant)
            else:
                yield _row(name, (pred, match, before), (truth, layer), label, variant)


def edited_pair(pred: Stack | None, match: int | None, truth: Stack, layer: int, label: str) -> list[np.ndarray]:
    """The true and the predicted composite after an edit of the grid, uint8 RGBA; the latter unedited where nothing
    matches, and absent without a prediction."""
    frame = frame_of(truth.layers[layer])
    variant = VARIANTS[label]
    pictures = [compose(edit_layer(truth, layer, variant(layer, truth), frame))]
    if pred is not None and match is not None:
        pred = edit_layer(pred, match, variant(match, pred), frame)
    return pictures if pred is None else [*pictures, compose(pred)]


def after(edit: Edit, index: int) -> tuple[int, ...]:
    """Where the edited layer is afterwards, if anywhere."""
    return () if isinstance(edit, Remove) else (edit.to,) if isinstance(edit, Reorder) else (index,)


def _row(
    name: str, predicted: tuple[Stack, int, np.ndarray], true: tuple[Stack, int], label: str, variant: Variant
) -> ReplayRow:
    (pred, match, before), (truth, layer) = predicted, true
    frame = frame_of(truth.layers[layer])
    edit, ours = variant(layer, truth), variant(match, pred)
    true_after, pred_after = edit_layer(truth, layer, edit, frame), edit_layer(pred, match, ours, frame)
    region = _support(truth, true_after, (layer,), after(edit, layer))
    picture = compose(pred_after)
    alike = likeness(picture, compose(true_after), region)
    new = after(ours, match)
    _, outside_max = change(before, picture, ~_support(pred, pred_after, (match,), new))
    return ReplayRow(
        name,
        operation(edit),
        label,
        layer,
        match,
        int(np.count_nonzero(region)),
        alike.region_l1,
        alike.region_ssim,
        alike.frame_l1,
        alike.frame_ssim,
        foreign_changed(pred, pred_after, (match,), new),
        outside_max,
    )


def _worst(name: str, truth: Stack, layer: int, label: str, variant: Variant) -> ReplayRow:
    edit = variant(layer, truth)
    edited = edit_layer(truth, layer, edit, frame_of(truth.layers[layer]))
    region_px = int(np.count_nonzero(_support(truth, edited, (layer,), after(edit, layer))))
    figures = (WORST.region_l1, WORST.region_ssim, WORST.frame_l1, WORST.frame_ssim)
    return ReplayRow(name, operation(edit), label, layer, None, region_px, *figures, None, None)


def _support(before: Stack, edited: Stack, old: tuple[int, ...], new: tuple[int, ...]) -> np.ndarray:
    shown = [before.layers[index] for index in old] + [edited.layers[index] for index in new]
    return support(shown, before.width, before.height)
