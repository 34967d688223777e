"""A summary in, the blocks and the JSON of its report out, with what was published beside what was measured."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.decomposition.measuring import LEAST_LAYERS, Protocol
from evaluation.decomposition.summary import Summary
from evaluation.page.blocks import Block, Heading, Paragraph, Table
from evaluation.page.bootstrap import Estimate
from schemas.decomposition import PairRow, PairStatus
from schemas.version import PRODUCT_VERSION, SCHEMA_VERSION


@dataclass(frozen=True)
class Published:
    """Means over the test set of Crello, after 0, 1, ... merges."""

    name: str
    rgb_l1: tuple[float, ...]
    alpha_iou: tuple[float, ...]


# As the report of Qwen-Image-Layered (arXiv 2512.15603) prints them; of the ablations only those without merges.
PUBLISHED = (
    Published(
        "LayerD",
        (0.0709, 0.0541, 0.0457, 0.0419, 0.0403, 0.0396),
        (0.7520, 0.8111, 0.8435, 0.8564, 0.8622, 0.8650),
    ),
    Published(
        "Qwen-Image-Layered, fine-tuned on Crello",
        (0.0594, 0.0490, 0.0393, 0.0377, 0.0364, 0.0363),
        (0.8705, 0.8863, 0.9105, 0.9121, 0.9156, 0.9160),
    ),
    Published("the same without multi-stage training", (0.1649,), (0.6504,)),
    Published("also without the RGBA-VAE", (0.1894,), (0.5844,)),
    Published("also without Layer3D RoPE", (0.2809,), (0.3725,)),
)
TITLE = "Layer decomposition"
_LISTED = 50  # pairs that were not scored, by name; the table has all
_BESIDE = {
    "recomposition_mean": ("recomposition: mean difference, of 255", 3),
    "recomposition_psnr": ("recomposition: PSNR, dB", 2),
    "recomposition_ssim": ("recomposition: SSIM", 4),
    "blank_rate": ("blank layers, of the predicted", 4),
    "missing_layers": ("layers too few", 3),
    "surplus_layers": ("layers too many", 3),
    "too_few_layers": ("samples with layers too few", 4),
    "order_error_rate": ("overlapping pairs in the wrong order", 4),
    "hidden_colour": ("pixels with colour under alpha 0", 5),
    "faint_alpha": ("pixels with an alpha from 1 to 8 of 255", 5),
}


@dataclass(frozen=True)
class Source:
    """What was evaluated, as it was named."""

    pred: str
    truth: str
    protocol: Protocol
    seed: int


def blocks(source: Source, summary: Summary, rows: Sequence[PairRow]) -> list[Block]:
    """All but the pictures."""
    return [
        Paragraph(f"Predictions: {source.pred}. Truth: {source.truth}."),
        *_samples(source, summary),
        *_metric(source, summary),
        *_beside(summary),
        *_not_scored(rows),
    ]


def brief(summary: Summary) -> list[Block]:
    """How many pairs were scored, and the means of the metric."""
    counts = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in summary.statuses.items() if number)
    said: list[Block] = [Paragraph(f"pairs: {counts}")]
    lines = [(str(merges), *(f"{figure.mean:.4f}" for figure in row)) for merges, row in enumerate(summary.rows)]
    return [*said, Table(("merges", "cost", "RGB L1", "alpha IoU"), tuple(lines))] if lines else said


def as_json(source: Source, summary: Summary) -> dict[str, Any]:
    """Everything that the report states."""
    names = ("cost", "rgb_l1", "alpha_iou")
    rows = [
        {"merges": merges} | {name: asdict(figure) for name, figure in zip(names, figures, strict=True)}
        for merges, figures in enumerate(summary.rows)
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "product_version": PRODUCT_VERSION,
        "pred": source.pred,
        "truth": source.truth,
        "max_edits": source.protocol.max_edits,
        "least_layers": source.protocol.least_layers,
        "confidence": {"level": 0.95, "method": "percentile bootstrap over samples", "seed": source.seed},
        "pairs": summary.statuses,
        "sizes": {name: list(ends) for name, ends in summary.sizes.items()},
        "decomposition": rows,
        "forgiven": {name: asdict(estimate) for name, estimate in summary.beside.items()},
        "order": {"pairs": summary.order_pairs, "errors": summary.order_errors},
        "published": [asdict(one) for one in PUBLISHED],
    }


def _samples(source: Source, summary: Summary) -> list[Block]:
    counts = summary.statuses
    scored, single = counts[PairStatus.SCORED], counts[PairStatus.SINGLE_LAYER]
    lost = sum(counts.values()) - scored - single
    single_says = (
        f"Samples with fewer than {LEAST_LAYERS} layers on a side are left out, as in LayerD's evaluation: {single}. "
        if source.protocol.least_layers == LEAST_LAYERS
        else "Samples with one layer on a side are scored too, which LayerD's evaluation leaves out. "
    )
    lost_says = (
        f"{lost} pairs could not be scored and are in no mean, which flatters whoever failed on them: see below."
        if lost
        else "Every other pair was scored."
    )
    table = Table(("pairs", "number"), tuple((name.replace("_", " "), str(number)) for name, number in counts.items()))
    return [Heading("Samples"), Paragraph(single_says + lost_says), table]


def _metric(source: Source, summary: Summary) -> list[Block]:
    levels = range(source.protocol.max_edits + 1)
    return [
        Heading("Decomposition metric"),
        Paragraph(
            "The published rows are means over the test set of Crello. They can be compared with this run only where "
            f"it is of the same samples at the same size. {_measured(summary)}"
        ),
        Paragraph("RGB L1 (lower is better)"),
        _beside_published(levels, [(one.name, one.rgb_l1) for one in PUBLISHED], [row[1] for row in summary.rows]),
        Paragraph("alpha IoU (higher is better)"),
        _beside_published(levels, [(one.name, one.alpha_iou) for one in PUBLISHED], [row[2] for row in summary.rows]),
        Paragraph("cost, (RGB L1 + 1 - alpha IoU) / 2; not published"),
        _beside_published(levels, [], [row[0] for row in summary.rows]),
        Paragraph(
            "Both stacks are regrouped, matched by dynamic time warping and merged greedily on either side; a sample "
            "for which no merge gains any more keeps its last row. The intervals are percentile bootstraps over "
            f"samples, seed {source.seed}."
        ),
    ]


def _measured(summary: Summary) -> str:
    if not summary.rows:
        return "In this run no pair was scored."
    sizes = ", ".join(f"{name} {low} to {high}" for name, (low, high) in summary.sizes.items())
    return f"This run: {summary.rows[0][0].samples} samples; {sizes}."


def _beside_published(
    levels: range, published: Sequence[tuple[str, Sequence[float]]], measured: Sequence[Estimate]
) -> Table:
    """A column for each number of merges."""
    lines = [
        (f"{name} (published)", *(f"{figures[k]:.4f}" if k < len(figures) else "" for k in levels))
        for name, figures in published
    ]
    if measured:
        lines.append(("this run", *(f"{estimate.mean:.4f}" for estimate in measured)))
        lines.append(("its 95 % interval", *(estimate.interval() for estimate in measured)))
    return Table(("merges", *map(str, levels)), tuple(lines))


def _beside(summary: Summary) -> list[Block]:
    if not summary.beside:
        return []
    lines = [
        (words, f"{estimate.mean:.{digits}f}", estimate.interval(digits), str(estimate.samples))
        for name, (words, digits) in _BESIDE.items()
        if (estimate := summary.beside.get(name)) is not None
    ]
    return [
        Heading("What the metric forgives"),
        Table(("mean over samples", "", "95 % interval", "samples"), tuple(lines)),
        Paragraph(
            f"Of {summary.order_pairs} pairs of matched layers that overlap on both sides, {summary.order_errors} are "
            "in the wrong order. evaluation/decomposition/forgiven.py defines each."
        ),
    ]


def _not_scored(rows: Sequence[PairRow]) -> list[Block]:
    others = [row for row in rows if row.status != PairStatus.SCORED]
    if not others:
        return []
    listed = tuple((row.name, row.status, row.message or "") for row in others[:_LISTED])
    more = f" The first {_LISTED} are listed; pairs.parquet has all." if len(others) > _LISTED else ""
    return [Heading("Not scored"), Paragraph(f"Pairs: {len(others)}.{more}"), Table(("name", "status", "why"), listed)]
