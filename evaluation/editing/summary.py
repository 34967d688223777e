"""Rows of replayed edits in, the figures of a whole set out.

A figure of an operation is the mean over the rows of each sample, then over the samples; the figure of all operations
is, in each sample, the mean over its operations, each of which weighs the same. Intervals are 95 % bootstraps over the
samples.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.page.bootstrap import Estimate, estimate
from schemas.editing import ReplayRow

METRICS = ("region_l1", "region_ssim", "frame_l1", "frame_ssim")
ALL = "all operations"


Figures = Mapping[str, Mapping[str, Estimate]]  # by operation, or ALL; then by metric


@dataclass(frozen=True)
class Summary:
    """`figures` of every layer drawn, `matched_figures` of those alone that a predicted layer matches, of the samples
    that have any. The last two are of all edits together."""

    rows: tuple[ReplayRow, ...]
    samples: int
    layers: int
    matched: int
    figures: Figures
    matched_figures: Figures
    foreign_changed: int
    outside_max: int


def summarise(rows: Sequence[ReplayRow], seed: int = 0) -> Summary:
    """Raises ValueError where there are none."""
    if not rows:
        raise ValueError("no true layer shows anything: there is nothing to edit")
    matched = [row for row in rows if row.matched is not None]
    return Summary(
        tuple(rows),
        len({row.sample for row in rows}),
        len({(row.sample, row.layer) for row in rows}),
        len({(row.sample, row.layer) for row in matched}),
        _figures(rows, seed),
        _figures(matched, seed) if matched else {},
        sum(row.foreign_changed or 0 for row in rows),
        max((row.outside_max or 0 for row in rows), default=0),
    )


def worst(rows: Iterable[ReplayRow], count: int) -> list[ReplayRow]:
    """Of the samples of the largest mean L1 in the region, the worst first, each one's worst edit."""
    by_sample: dict[str, list[ReplayRow]] = defaultdict(list)
    for row in rows:
        by_sample[row.sample].append(row)
    order = sorted(by_sample.values(), key=lambda own: (-np.mean([row.region_l1 for row in own]), own[0].sample))
    return [max(own, key=lambda row: row.region_l1) for own in order[:count]]


def _figures(rows: Iterable[ReplayRow], seed: int) -> Figures:
    values: dict[str, dict[str, list[ReplayRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        values[row.operation][row.sample].append(row)
    return {
        **{operation: _by_metric(samples.values(), seed) for operation, samples in values.items()},
        ALL: _over_operations(values, seed),
    }


def _by_metric(samples: Iterable[Sequence[ReplayRow]], seed: int) -> dict[str, Estimate]:
    of_samples = list(samples)
    return {name: estimate([_mean(own, name) for own in of_samples], seed) for name in METRICS}


def _over_operations(values: Mapping[str, Mapping[str, Sequence[ReplayRow]]], seed: int) -> dict[str, Estimate]:
    means: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for samples in values.values():
        for sample, own in samples.items():
            for name in METRICS:
                means[name][sample].append(_mean(own, name))
    return {name: estimate([float(np.mean(own)) for own in means[name].values()], seed) for name in METRICS}


def _mean(rows: Sequence[ReplayRow], name: str) -> float:
    return float(np.mean([getattr(row, name) for row in rows]))
