"""A checkpoint and true layer stacks in; how well it decomposes their composites, beside what needs no model, out.

    python -m evaluation.evaluate_checkpoint --checkpoint FOLDER --truth STACKS [--output out/checkpoint] [--margin 0.1]

TRUTH is a folder of stacks, or anything else that `make evaluate` reads, at a size that the model takes. The model is
told how many layers there are. Beside it are scored: the composite as every layer, blank layers, and the same model
given the picture of another sample. OUTPUT gets `report.md`, `report.json`, `report.html` and pictures. Exit status: 0;
1 the model is not better than all others by `--margin` alpha soft IoU; 2 wrong options; 3 failed or stopped.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image

from data_pipeline.compose import compose
from data_pipeline.stack_io.collection import check_apart, stacks_in
from evaluation.command_line import DONE, at_least, exit_status, tell
from evaluation.decomposition.contact_sheet import contact_sheet
from evaluation.decomposition.measuring import LEAST_LAYERS
from evaluation.decomposition.metric import decompose as scored
from evaluation.decomposition.stand_ins import blanks, copies
from evaluation.decomposition.verdict import BLANKS, COPIES, MODEL, SHUFFLED, Verdict, table, verdict_of
from evaluation.page.blocks import Block, Heading, Paragraph, Picture
from evaluation.page.report_files import write_report
from inference.decompose import decompose
from inference.drawing import DrawOptions
from inference.loaded import Loaded, load
from model.sampler import SamplerOptions
from schemas.members import MAX_LAYERS
from schemas.stack import Stack

NOT_BETTER = 1
_PROMPT = " "  # what training puts where a caption is dropped
_SHEET_ROWS = 12


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    return exit_status(partial(evaluate, options))


def evaluate(options: argparse.Namespace) -> int:
    """Decomposes, scores, writes the report and prints its table. ValueError before any work."""
    drawing = _drawing(options)
    names, truths = _truths(options.truth, options.limit)
    check_apart(options.output, options.truth)
    loaded = load(str(options.checkpoint), options.device)
    options.output.mkdir(parents=True, exist_ok=True)
    pictures = [compose(truth) for truth in truths]
    predicted = decomposed(loaded, pictures, truths, drawing, options.batch)
    others = decomposed(loaded, shuffled(pictures), truths, drawing, options.batch)
    stacks = {MODEL: predicted, COPIES: [*map(copies, truths)], BLANKS: [*map(blanks, truths)], SHUFFLED: others}
    rows = {name: [scored(*pair).rows for pair in zip(made, truths, strict=True)] for name, made in stacks.items()}
    verdict = verdict_of(rows, options.margin)
    told: list[Block] = [Heading(f"Decomposition by {options.checkpoint}"), table(verdict), Paragraph(verdict.sentence)]
    shown = sheet(predicted[:_SHEET_ROWS], truths[:_SHEET_ROWS])
    caption = (
        f"{', '.join(names[:_SHEET_ROWS])}: of each, above the truth, below the prediction; under each pair its cost."
    )
    blocks: list[Block] = [*told, Heading("Decompositions"), Picture(caption, shown)]
    write_report(options.output, "Decomposition of a checkpoint", blocks, as_json(verdict))
    tell(told, options.output)
    return DONE if verdict.is_better else NOT_BETTER


def decomposed(
    loaded: Loaded, pictures: Sequence[np.ndarray], truths: Sequence[Stack], drawing: DrawOptions, batch: int
) -> list[Stack]:
    """As many layers of every picture as its truth has; pictures of one number together."""
    made: dict[int, Stack] = {}
    order = sorted(range(len(truths)), key=lambda place: len(truths[place].layers))
    for layers, group in groupby(order, key=lambda place: len(truths[place].layers)):
        places = list(group)
        for start in range(0, len(places), batch):
            part = places[start : start + batch]
            wanted = DrawOptions(layers, drawing.resolution, drawing.negative, drawing.seed, drawing.sampler)
            stacks = decompose(loaded, [pictures[place] for place in part], [_PROMPT] * len(part), wanted, part[0])
            made |= dict(zip(part, stacks, strict=True))
    return [made[place] for place in range(len(truths))]


def shuffled(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Each at the place of the one before, at that one's size."""
    moved = [*pictures[1:], *pictures[:1]]
    return [_at_size(picture, (own.shape[1], own.shape[0])) for picture, own in zip(moved, pictures, strict=True)]


def sheet(predicted: Sequence[Stack], truths: Sequence[Stack]) -> np.ndarray:
    """Contact sheets one below another, uint8 RGB."""
    parts = [contact_sheet(one, truth, scored(one, truth, 0)) for one, truth in zip(predicted, truths, strict=True)]
    width = max(part.shape[1] for part in parts)
    return np.concatenate(
        [np.pad(part, ((0, 0), (0, width - part.shape[1]), (0, 0)), constant_values=255) for part in parts]
    )


def as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "samples": verdict.samples,
        "margin": verdict.margin,
        "lead": verdict.lead,
        "is_better": verdict.is_better,
        "rows": {name: [row._asdict() for row in rows] for name, rows in verdict.rows.items()},
    }


def _truths(path: Path, limit: int | None) -> tuple[list[str], list[Stack]]:
    """Those of two layers or more, as in LayerD's metric. ValueError where there is none, or none to shuffle with."""
    read = [(ref.name, ref.read()) for ref in stacks_in(path)[:limit]]
    found = [(name, stack) for name, stack in read if LEAST_LAYERS <= len(stack.layers) <= MAX_LAYERS]
    if len(found) < 2:
        raise ValueError(f"{path} holds {len(found)} stacks of {LEAST_LAYERS} to {MAX_LAYERS} layers; two are needed")
    return [name for name, _ in found], [stack for _, stack in found]


def _at_size(rgba: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if rgba.shape[1::-1] == size:
        return rgba
    return np.asarray(Image.fromarray(rgba).resize(size, Image.Resampling.LANCZOS))


def _drawing(options: argparse.Namespace) -> DrawOptions:
    sampler = SamplerOptions(options.steps, options.guidance)
    return DrawOptions(resolution=options.resolution, seed=options.seed, sampler=sampler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.evaluate_checkpoint",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default, sampler = DrawOptions(), SamplerOptions()
    parser.add_argument("--checkpoint", required=True, help="a folder of diffusers' layout")
    parser.add_argument("--truth", type=Path, required=True, help="the true stacks")
    parser.add_argument("--output", type=Path, default=Path("out/checkpoint"), help="of the report; %(default)s")
    parser.add_argument("--margin", type=float, default=0.0, help="in alpha soft IoU; %(default)s")
    parser.add_argument("--limit", type=at_least(1), help="the first so many stacks, by name")
    parser.add_argument("--resolution", type=int, default=default.resolution, help="%(default)s")
    parser.add_argument("--steps", type=at_least(1), default=sampler.steps, help="%(default)s")
    parser.add_argument("--guidance", type=float, default=1.0, help="1 is none; %(default)s")
    parser.add_argument("--batch", type=at_least(1), default=8, help="samples at a time; %(default)s")
    parser.add_argument("--seed", type=at_least(0), default=0)
    parser.add_argument("--device", default="auto")
    return parser


if __name__ == "__main__":
    sys.exit(main())
