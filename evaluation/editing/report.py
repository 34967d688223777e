"""The summary of replayed edits in, its report out: blocks for Markdown and HTML, and the same as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.editing.grid import LAYERS, VARIANTS
from evaluation.editing.matching import MIN_IOU
from evaluation.editing.summary import Figures, Summary
from evaluation.page.blocks import Block, Heading, Paragraph, Picture, Table
from schemas.version import SCHEMA_VERSION

TITLE = "Editing"
NAMED = 20  # problems that a report lists by name
_COLUMNS = {
    "region_l1": "L1, region",
    "region_ssim": "SSIM, region",
    "frame_l1": "L1, frame",
    "frame_ssim": "SSIM, frame",
}


@dataclass(frozen=True)
class Run:
    """What was compared. `skipped` truths could not be read and are in no figure; `missing` predictions were absent,
    could not be read or had another canvas, and their layers match nothing: a sentence for each. `uncounted`
    predictions have no truth."""

    truth: str
    pred: str
    seed: int = 0
    layers: int = LAYERS
    uncounted: int = 0
    skipped: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def blocks(run: Run, summary: Summary, pictures: Sequence[Picture]) -> Iterator[Block]:
    """All that is measured, and the worst samples."""
    yield from brief(run, summary)
    if summary.matched_figures:
        yield Heading("Matched layers alone")
        yield Table(("", *_COLUMNS.values()), tuple(_rows(summary.matched_figures)))
    if pictures:
        yield Heading("The worst samples, and the worst edit of each")
        yield from pictures


def brief(run: Run, summary: Summary) -> Iterator[Block]:
    """The figures by operation, and what they are worth."""
    yield Paragraph(
        f"{summary.samples} samples of {run.truth}, predicted in {run.pred}: {len(VARIANTS)} edits of each of "
        f"{summary.layers} true layers (at most {run.layers} a sample, drawn with seed {run.seed}), done to the true "
        f"layer and to the predicted one that matches it. The region is where the true layer shows before or after."
    )
    yield Table(("", *_COLUMNS.values()), tuple(_rows(summary.figures)))
    for note in notes(run, summary):
        yield Paragraph(note)


def notes(run: Run, summary: Summary) -> Iterator[str]:
    """What a reader has to know of the figures."""
    share = summary.matched / summary.layers
    yield (
        f"{summary.matched} of {summary.layers} layers ({share:.1%}) have a predicted layer of an alpha IoU of "
        f"{MIN_IOU} or more. The others count as L1 1 and SSIM 0 in every edit."
    )
    yield (
        f"Isolation: over all edits of predicted layers {summary.foreign_changed} other layers changed, and the "
        f"picture outside the edited layer by {summary.outside_max}/255 at most."
    )
    for what, sentences in (
        ("true stacks could not be read and are in no figure", run.skipped),
        ("predictions are absent or cannot be compared; their layers match nothing", run.missing),
    ):
        if sentences:
            more = f"; and {len(sentences) - NAMED} more" if len(sentences) > NAMED else ""
            yield f"{len(sentences)} {what}: {'; '.join(sentences[:NAMED])}{more}."
    if run.uncounted:
        yield f"{run.uncounted} predictions have no truth and are not counted."


def as_json(run: Run, summary: Summary) -> dict[str, Any]:
    """What `blocks` says, unrounded."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": asdict(run),
        "samples": summary.samples,
        "layers": summary.layers,
        "matched": summary.matched,
        "figures": _json(summary.figures),
        "matched_figures": _json(summary.matched_figures),
        "isolation": {"foreign_changed": summary.foreign_changed, "outside_max": summary.outside_max},
        "notes": list(notes(run, summary)),
    }


def _rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    for operation, of_metric in figures.items():
        yield (operation, *(of_metric[name].words() for name in _COLUMNS))


def _json(figures: Figures) -> dict[str, dict[str, dict[str, float]]]:
    return {name: {metric: asdict(one) for metric, one in own.items()} for name, own in figures.items()}
