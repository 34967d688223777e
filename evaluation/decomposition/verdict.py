"""Rows of the metric for a model and for what it must be better than in, one table and a verdict out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluation.decomposition.metric import MAX_EDITS, aggregate
from evaluation.page.blocks import Table
from schemas.decomposition import Row

MODEL, COPIES, BLANKS, SHUFFLED = "model", "copies of the composite", "blank layers", "model, shuffled conditions"
OTHERS = (COPIES, BLANKS, SHUFFLED)
EDITS = (0, MAX_EDITS)  # merges at which rows are shown; the verdict is at every one of them


@dataclass(frozen=True)
class Verdict:
    """`rows` are means over samples after 0, 1, ... merges, by what was scored; `margin` is in alpha soft IoU."""

    rows: Mapping[str, Sequence[Row]] = field(repr=False)
    margin: float
    samples: int

    @property
    def lead(self) -> float:
        """How far the model's alpha soft IoU lies above the best of the others, where it is least."""
        return min(
            self.rows[MODEL][edits].alpha_iou - self.rows[other][edits].alpha_iou for other in OTHERS for edits in EDITS
        )

    @property
    def is_better(self) -> bool:
        return self.lead >= self.margin

    @property
    def sentence(self) -> str:
        if self.margin < 0:  # whoever asks for less than nothing asks for no verdict
            return f"On {self.samples} samples the model's least lead is {self.lead:+.4f} alpha soft IoU."
        said = "is better than every other row" if self.is_better else "is NOT better than every other row"
        return (
            f"On {self.samples} samples the model {said} by {self.margin} alpha soft IoU: its least lead is "
            f"{self.lead:+.4f}."
        )


def verdict_of(samples: Mapping[str, Sequence[Sequence[Row]]], margin: float) -> Verdict:
    """`samples` are the rows of each sample, by what was scored. ValueError where there is no sample."""
    rows = {name: aggregate(samples[name]) for name in (MODEL, *OTHERS)}
    return Verdict(rows, margin, len(samples[MODEL]))


def table(verdict: Verdict) -> Table:
    header = ("", *(f"{name}, {edits} merges" for edits in EDITS for name in ("alpha soft IoU", "RGB L1")))
    lines = []
    for name, rows in verdict.rows.items():
        cells = (f"{value:.4f}" for edits in EDITS for value in (rows[edits].alpha_iou, rows[edits].rgb_l1))
        lines.append((name, *cells))
    return Table(header, tuple(lines))
