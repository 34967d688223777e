"""The summary of a reconstruction run in, its report out: blocks for Markdown and HTML, and the same as JSON."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evaluation.page.blocks import Block, Heading, Paragraph, Picture, Table, printable
from evaluation.page.bootstrap import Estimate
from evaluation.reconstruction.backgrounds import BACKGROUNDS, JPEG_QUALITY
from evaluation.reconstruction.frechet import INCEPTION_FEATURES
from evaluation.reconstruction.protocol import SIDE_PX, Comparison
from evaluation.reconstruction.summary import ALPHA_METRICS, Summary
from schemas.version import SCHEMA_VERSION

TITLE = "RGBA reconstruction"
# On AIM-500, as the report of Qwen-Image-Layered (arXiv 2512.15603) prints them.
PUBLISHED: dict[str, dict[str, float]] = {
    "LayerDiffuse": {"psnr": 32.0879, "ssim": 0.9436, "rfid": 17.7023, "lpips": 0.0418},
    "AlphaVAE (SDXL)": {"psnr": 35.7446, "ssim": 0.9576, "rfid": 10.9178, "lpips": 0.0495},
    "AlphaVAE (FLUX)": {"psnr": 36.9439, "ssim": 0.9737, "rfid": 11.7884, "lpips": 0.0283},
    "Qwen-Image-Layered RGBA-VAE": {"psnr": 38.8252, "ssim": 0.9802, "rfid": 5.3132, "lpips": 0.0123},
}
_COLUMNS = {"psnr": "PSNR (dB)", "ssim": "SSIM", "rfid": "rFID", "lpips": "LPIPS"}
_MISSING = {"lpips": "not measured: give LPIPS=", "rfid": "not measured: give INCEPTION="}
_ALPHA_NAMES = ("MAE", "SAD (thousands)", "gradient error (thousands)")
_AMPLIFIED = 8


@dataclass(frozen=True)
class Run:
    """What was compared. `uncounted` are reconstructions without a truth; `has_inception`: rFID was asked for."""

    truth: str
    pred: str
    side: int = SIDE_PX
    seed: int = 0
    uncounted: int = 0
    has_inception: bool = False


def blocks(run: Run, summary: Summary) -> Iterator[Block]:
    """All that is measured, and the worst pictures."""
    yield from brief(run, summary)
    yield Heading("95 % confidence intervals")
    yield Table(("", "through JPEG", "without JPEG"), tuple(_interval_rows(summary)))
    yield Heading("Alpha")
    measured = zip(_ALPHA_NAMES, (summary.figures[name] for name in ALPHA_METRICS), strict=True)
    yield Table(("", "mean"), tuple((name, figure.words()) for name, figure in measured))
    for jpeg, title in ((True, "By colour, through JPEG"), (False, "By colour, without JPEG")):
        yield Heading(title)
        yield _colour_table(summary, jpeg)
    yield Heading("The worst pictures")
    yield _worst_table(summary)
    for comparison in summary.worst:
        yield from _pictures(comparison)


def brief(run: Run, summary: Summary) -> Iterator[Block]:
    """The measured rows beside the published ones, and what they are worth."""
    yield Paragraph(
        f"{len(summary.samples)} pictures of {run.truth}, reconstructed in {run.pred}, by the AlphaVAE "
        f"protocol: short side to {run.side} px, the square in the middle, over {len(BACKGROUNDS)} colours, through "
        f"JPEG of quality {JPEG_QUALITY}; the mean over the colours."
    )
    rows = [(f"{name} (published)", *_cells(figures)) for name, figures in PUBLISHED.items()]
    rows.append(("measured", *_cells(_means(summary, jpeg=True))))
    rows.append(("measured, without JPEG", *_cells(_means(summary, jpeg=False))))
    yield Table(("", *_COLUMNS.values()), tuple(rows))
    for note in notes(run, summary):
        yield Paragraph(note)


def notes(run: Run, summary: Summary) -> Iterator[str]:
    """What a reader has to know before comparing the measured rows with the published ones."""
    yield (
        "The published rows are the mean over AIM-500, each of whose seven folders weighs the same, of reconstructions "
        "made in bf16. They and the measured row compare only if these are the same pictures in the same folders."
    )
    if run.side != SIDE_PX:
        yield f"The published rows are of pictures of {SIDE_PX}x{SIDE_PX} px, these are of {run.side}x{run.side} px."
    if len(summary.groups) > 1:
        counts = ", ".join(f"{group or 'the top'} {count}" for group, count in summary.groups.items())
        yield f"Every folder weighs the same, whatever it holds ({counts})."
    if enlarged := sum(min(row.width, row.height) < run.side for row in summary.samples):
        yield f"{enlarged} pictures were enlarged: their short side is less than {run.side} px."
    if run.uncounted:
        yield f"{run.uncounted} reconstructions have no truth and are not counted."
    smallest = min(summary.groups.values())
    if run.has_inception and not summary.rfid:
        yield "rFID was not measured: a folder holds one picture, and there is no covariance of one."
    elif run.has_inception and smallest < INCEPTION_FEATURES:
        yield (
            f"rFID is of {smallest} pictures in the smallest folder, fewer than Inception has features "
            f"({INCEPTION_FEATURES}): it is biased, and compares with figures of as many pictures alone."
        )


def as_json(run: Run, summary: Summary) -> dict[str, Any]:
    """What `blocks` says, unrounded; null where nothing was measured."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": asdict(run),
        "samples": len(summary.samples),
        "folders": summary.groups,
        "with_jpeg": _json_figures(summary, jpeg=True),
        "without_jpeg": _json_figures(summary, jpeg=False),
        "alpha": {name: asdict(summary.figures[name]) for name in ALPHA_METRICS},
        "published": PUBLISHED,
        "notes": list(notes(run, summary)),
    }


def _json_figures(summary: Summary, jpeg: bool) -> dict[str, Any]:
    figures = {name: _figure(summary, name, jpeg) for name in ("psnr", "ssim", "lpips")}
    return {
        **{name: None if figure is None else asdict(figure) for name, figure in figures.items()},
        "rfid": summary.mean_rfid(jpeg),
        "backgrounds": {name: _of_colour(summary, name, jpeg) for name in BACKGROUNDS},
    }


def _means(summary: Summary, jpeg: bool) -> dict[str, float | None]:
    figures = {name: _figure(summary, name, jpeg) for name in ("psnr", "ssim", "lpips")}
    means = {name: None if figure is None else figure.mean for name, figure in figures.items()}
    return means | {"rfid": summary.mean_rfid(jpeg)}


def _of_colour(summary: Summary, name: str, jpeg: bool) -> dict[str, float | None]:
    figures = {metric: summary.over((name, jpeg), metric) for metric in ("psnr", "ssim", "lpips")}
    return figures | {"rfid": summary.rfid.get((name, jpeg))}


def _colour_table(summary: Summary, jpeg: bool) -> Table:
    """Of what was measured."""
    by_colour = {name: _of_colour(summary, name, jpeg) for name in BACKGROUNDS}
    metrics = [metric for metric in _COLUMNS if all(figures[metric] is not None for figures in by_colour.values())]
    rows = ((name, *(f"{figures[metric]:.4f}" for metric in metrics)) for name, figures in by_colour.items())
    return Table(("", *(_COLUMNS[metric] for metric in metrics)), tuple(rows))


def _worst_table(summary: Summary) -> Table:
    rows = {row.sample: row for row in summary.samples}
    worst = [rows[printable(comparison.source.name)] for comparison in summary.worst]
    cells = ((row.sample, f"{row.psnr:.4f}", f"{row.ssim:.4f}", f"{row.alpha_mae:.4f}") for row in worst)
    return Table(("through JPEG", "PSNR (dB)", "SSIM", "alpha MAE"), tuple(cells))


def _interval_rows(summary: Summary) -> Iterator[tuple[str, ...]]:
    for name in ("psnr", "ssim", "lpips"):
        cells = (_figure(summary, name, jpeg) for jpeg in (True, False))
        yield (_COLUMNS[name], *(_MISSING[name] if figure is None else figure.words() for figure in cells))


def _figure(summary: Summary, name: str, jpeg: bool) -> Estimate | None:
    return summary.figures.get(name if jpeg else f"{name}_without_jpeg")


def _cells(figures: dict[str, float] | dict[str, float | None]) -> tuple[str, ...]:
    values = {name: figures[name] for name in _COLUMNS}
    return tuple(_MISSING[name] if value is None else f"{value:.4f}" for name, value in values.items())


def _pictures(comparison: Comparison) -> Iterator[Picture]:
    truth, other = comparison.shown
    apart = np.abs(truth.astype(np.int16) - other)
    yield Picture(comparison.source.name, truth)
    yield Picture("reconstruction", other)
    yield Picture(f"difference x {_AMPLIFIED}", np.minimum(apart * _AMPLIFIED, 255).astype(np.uint8))
