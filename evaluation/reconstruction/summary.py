"""Comparisons in, rows and the figures of a whole set out.

A figure is the mean over the nine colours, over the pictures of each folder, and over the folders, each of which weighs
the same: so AlphaVAE's validation code has it, where AIM-500 lies in seven folders, from 10 pictures of fruit to 200 of
animals. FID is of each folder and colour on its own, too. In one folder it is the plain mean over pictures.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from evaluation.page.blocks import printable
from evaluation.page.bootstrap import Estimate, stratified_estimate
from evaluation.reconstruction.backgrounds import BACKGROUNDS
from evaluation.reconstruction.frechet import frechet_distance
from evaluation.reconstruction.protocol import Comparison, Variant

SHOWN = 6  # of the worst pictures
METRICS = ("psnr", "ssim", "lpips")
ALPHA_METRICS = ("alpha_mae", "alpha_sad", "alpha_gradient")


@dataclass(frozen=True)
class BackgroundRow:
    """One picture over one colour."""

    sample: str
    group: str  # the folder that it lies in
    background: str
    jpeg: bool
    psnr: float
    ssim: float
    lpips: float | None


@dataclass(frozen=True)
class SampleRow:
    """One picture, the mean over the colours."""

    sample: str
    group: str
    width: int  # of the truth before it was resized
    height: int
    psnr: float  # through JPEG, likewise to `lpips`
    ssim: float
    lpips: float | None
    psnr_without_jpeg: float
    ssim_without_jpeg: float
    lpips_without_jpeg: float | None
    alpha_mae: float  # see evaluation/reconstruction/matting.py
    alpha_sad: float
    alpha_gradient: float


Row = TypeVar("Row", SampleRow, BackgroundRow)


@dataclass(frozen=True, eq=False)
class Summary:
    """`figures` by column of SampleRow; one is absent where nothing was measured, as is rFID by variant."""

    samples: tuple[SampleRow, ...]
    backgrounds: tuple[BackgroundRow, ...]
    figures: Mapping[str, Estimate]
    rfid: Mapping[Variant, float]
    worst: tuple[Comparison, ...]  # by PSNR through JPEG, the worst first

    @property
    def groups(self) -> dict[str, int]:
        """How many pictures each folder has."""
        return {group: len(rows) for group, rows in _by_group(self.samples).items()}

    def over(self, variant: Variant, metric: str) -> float | None:
        """The mean of one colour; None where it was not measured."""
        rows = [row for row in self.backgrounds if (row.background, row.jpeg) == variant]
        values = [[getattr(row, metric) for row in group] for group in _by_group(rows).values()]
        return None if None in values[0] else float(np.mean([np.mean(group) for group in values]))

    def mean_rfid(self, jpeg: bool) -> float | None:
        """Over the colours."""
        values = [value for (_, went_through), value in self.rfid.items() if went_through == jpeg]
        return float(np.mean(values)) if values else None


def summarise(comparisons: Iterable[Comparison], seed: int = 0) -> Summary:
    """Takes them one by one. Raises ValueError where there are none."""
    samples: list[SampleRow] = []
    backgrounds: list[BackgroundRow] = []
    features: dict[str, list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
    worst: list[Comparison] = []
    variants: tuple[Variant, ...] = ()
    for comparison in comparisons:
        variants = tuple(comparison.scores)
        samples.append(_sample_row(comparison))
        backgrounds += _background_rows(comparison)
        if comparison.features is not None:
            features[comparison.source.group].append(comparison.features)
        worst = sorted([*worst, comparison], key=lambda one: _over_colours(one, jpeg=True)[0])[:SHOWN]
    if not samples:
        raise ValueError("there is nothing to summarise")
    names = [f"{metric}{suffix}" for suffix in ("", "_without_jpeg") for metric in METRICS] + list(ALPHA_METRICS)
    figures = {name: _estimate(samples, name, seed) for name in names if getattr(samples[0], name) is not None}
    return Summary(tuple(samples), tuple(backgrounds), figures, _rfid(features, variants), tuple(worst))


def _sample_row(comparison: Comparison) -> SampleRow:
    source, alpha = comparison.source, comparison.alpha
    return SampleRow(
        printable(source.name), printable(source.group), source.width, source.height,
        *_over_colours(comparison, jpeg=True), *_over_colours(comparison, jpeg=False),
        alpha.mae, alpha.sad, alpha.gradient,
    )  # fmt: skip


def _background_rows(comparison: Comparison) -> list[BackgroundRow]:
    name, group = printable(comparison.source.name), printable(comparison.source.group)
    return [
        BackgroundRow(name, group, background, jpeg, score.psnr, score.ssim, score.lpips)
        for (background, jpeg), score in comparison.scores.items()
    ]


def _over_colours(comparison: Comparison, jpeg: bool) -> tuple[float, float, float | None]:
    """The means of PSNR, SSIM and LPIPS."""
    scores = [comparison.scores[name, jpeg] for name in BACKGROUNDS]
    distances = [score.lpips for score in scores if score.lpips is not None]
    psnr, ssim = (float(np.mean([getattr(score, metric) for score in scores])) for metric in ("psnr", "ssim"))
    return psnr, ssim, float(np.mean(distances)) if distances else None


def _estimate(samples: Sequence[SampleRow], name: str, seed: int) -> Estimate:
    return stratified_estimate([[getattr(row, name) for row in rows] for rows in _by_group(samples).values()], seed)


def _rfid(
    features: Mapping[str, Sequence[tuple[np.ndarray, np.ndarray]]], variants: Sequence[Variant]
) -> dict[Variant, float]:
    """Nothing where a folder has less than two pictures, of which there is no covariance."""
    if not features or min(map(len, features.values())) < 2:
        return {}
    return {
        variant: float(np.mean([_distance(pairs, number) for pairs in features.values()]))
        for number, variant in enumerate(variants)
    }


def _distance(pairs: Sequence[tuple[np.ndarray, np.ndarray]], number: int) -> float:
    truths, others = (np.stack([pair[side][number] for pair in pairs]) for side in (0, 1))
    return frechet_distance(truths, others)


def _by_group(rows: Iterable[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.group].append(row)
    return groups
