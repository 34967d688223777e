"""What is measured of one predicted stack beside the true one: rows of the metric, and a row of the report's table."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Row(NamedTuple):
    """Means over the matched pairs of layers; `cost` is (rgb_l1 + 1 - alpha_iou) / 2. All lie in [0, 1].

    A named tuple, so that a list of rows is a table to numpy.
    """

    cost: float
    rgb_l1: float
    alpha_iou: float


class PairStatus(StrEnum):
    """Only `scored` pairs are in a report's means; every other one is counted."""

    SCORED = "scored"
    SINGLE_LAYER = "single_layer"  # a side has fewer than 2 layers: measured, and left out as LayerD leaves it out
    NO_PREDICTION = "no_prediction"
    NO_TRUTH = "no_truth"
    UNREADABLE = "unreadable"
    EMPTY = "empty"  # a side has no layer
    SIZE_MISMATCH = "size_mismatch"


@dataclass(frozen=True)
class PairRow:
    """One name under PRED or TRUTH. Figures that could not be measured are null; evaluation/decomposition/forgiven.py
    defines those from `recomposition_mean` on."""

    name: str
    status: str  # of PairStatus
    message: str | None = None  # what is wrong, with the file's name
    width: int | None = None  # of the truth, likewise height
    height: int | None = None
    pred_layers: int | None = None
    truth_layers: int | None = None
    pred_groups: int | None = None  # after regrouping
    truth_groups: int | None = None
    merges_pred: int | None = None  # of those that were made, on the prediction's side
    merges_truth: int | None = None
    cost: list[float] | None = None  # after 0, 1, ... merges, likewise rgb_l1 and alpha_iou
    rgb_l1: list[float] | None = None
    alpha_iou: list[float] | None = None
    recomposition_mean: float | None = None  # in 1/255
    recomposition_psnr: float | None = None  # dB
    recomposition_ssim: float | None = None
    blank_layers: int | None = None
    missing_layers: int | None = None
    surplus_layers: int | None = None
    order_pairs: int | None = None
    order_errors: int | None = None
    hidden_colour: float | None = None
    faint_alpha: float | None = None
