"""The rows of all pairs in; means with confidence intervals, and counts, out: what every form of a report states."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.decomposition.metric import filled
from evaluation.page.bootstrap import Estimate, estimate
from schemas.decomposition import PairRow, PairStatus, Row


@dataclass(frozen=True)
class Summary:
    """`rows` is cost, RGB L1 and alpha IoU after 0, 1, ... merges; `beside` what the metric forgives, by its name.

    `order_errors` and `order_pairs` are totals. All but `statuses` is of the scored pairs.
    """

    statuses: dict[str, int]
    rows: list[tuple[Estimate, Estimate, Estimate]]
    beside: dict[str, Estimate]
    order_errors: int
    order_pairs: int
    sizes: dict[str, tuple[int, int]]  # least and most of width, height and layers


def summarise(rows: Sequence[PairRow], max_edits: int, seed: int) -> Summary:
    """Where no pair was scored there are counts alone."""
    scored = [row for row in rows if row.status == PairStatus.SCORED]
    statuses = Counter(row.status for row in rows)
    return Summary(
        statuses={str(status): statuses[status] for status in PairStatus},
        rows=_levels(scored, max_edits, seed) if scored else [],
        beside=_beside(scored, seed),
        order_errors=sum(row.order_errors or 0 for row in scored),
        order_pairs=sum(row.order_pairs or 0 for row in scored),
        sizes=_sizes(scored) if scored else {},
    )


def metric_rows(row: PairRow) -> list[Row]:
    """The metric's rows of one measured pair."""
    return [Row(*figures) for figures in zip(row.cost or (), row.rgb_l1 or (), row.alpha_iou or (), strict=True)]


def _levels(scored: Sequence[PairRow], max_edits: int, seed: int) -> list[tuple[Estimate, Estimate, Estimate]]:
    table = filled([metric_rows(row) for row in scored], max_edits)
    levels = []
    for edits in range(max_edits + 1):
        cost, rgb_l1, alpha_iou = (estimate(table[:, edits, figure], seed) for figure in range(3))
        levels.append((cost, rgb_l1, alpha_iou))
    return levels


def _beside(scored: Sequence[PairRow], seed: int) -> dict[str, Estimate]:
    """Means over the samples that have the figure."""
    values: dict[str, list[float | None]] = {
        "recomposition_mean": [row.recomposition_mean for row in scored],
        "recomposition_psnr": [row.recomposition_psnr for row in scored],
        "recomposition_ssim": [row.recomposition_ssim for row in scored],
        "blank_rate": [_share(row.blank_layers, row.pred_layers) for row in scored],
        "missing_layers": [row.missing_layers for row in scored],
        "surplus_layers": [row.surplus_layers for row in scored],
        "too_few_layers": [float((row.missing_layers or 0) > 0) for row in scored],
        "order_error_rate": [_share(row.order_errors, row.order_pairs) for row in scored],
        "hidden_colour": [row.hidden_colour for row in scored],
        "faint_alpha": [row.faint_alpha for row in scored],
    }
    known = {name: [value for value in column if value is not None] for name, column in values.items()}
    return {name: estimate(np.array(column), seed) for name, column in known.items() if column}


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _sizes(scored: Sequence[PairRow]) -> dict[str, tuple[int, int]]:
    columns = {
        "width": [row.width for row in scored],
        "height": [row.height for row in scored],
        "true layers": [row.truth_layers for row in scored],
        "predicted layers": [row.pred_layers for row in scored],
    }
    known = {name: [value for value in column if value is not None] for name, column in columns.items()}
    return {name: (min(column), max(column)) for name, column in known.items()}
