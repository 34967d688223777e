"""Predicted and true layer stacks in; a report, a table with a row for each pair, and pictures of the worst out.

    python -m evaluation.evaluate --pred PRED --truth TRUTH [--output out/evaluation] [--workers N] [--limit N]

PRED and TRUTH are each a dataset of `make shards`, a folder of shards, a shard, a folder of stacks (PSDs, folders of
PNGs and the other formats), or one stack; they are paired by name. OUTPUT gets `report.md`, `report.json`,
`report.html`, `pairs.parquet` and `worst/00.png`, ... Exit status: 0 every pair was measured; 1 some could not be, the
report says which and why; 2 wrong options, PRED, TRUTH or OUTPUT, nothing was done; 3 a process died.
"""

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from data_pipeline.shard_io import whole_file
from data_pipeline.stack_io.collection import stacks_in
from evaluation.decomposition.contact_sheet import contact_sheet
from evaluation.decomposition.measuring import LEAST_LAYERS, Protocol, measured
from evaluation.decomposition.metric import MAX_EDITS, decompose
from evaluation.decomposition.report import Source, as_json, blocks
from evaluation.decomposition.summary import Summary, summarise
from evaluation.page import html, markdown
from evaluation.page.blocks import Block, Heading, Picture, printable
from evaluation.page.row_table import write_rows
from evaluation.pairing import Pair, paired
from schemas.decomposition import PairRow, PairStatus

DONE, INCOMPLETE, WRONG, DIED = 0, 1, 2, 3
OUTPUT = "out/evaluation"
TITLE = "Layer decomposition"
_MEASURED = (PairStatus.SCORED, PairStatus.SINGLE_LAYER)
_WORST = re.compile(r"\d{2,}\.png")


def evaluate(pairs: Sequence[Pair], source: Source, output: Path, workers: int, worst: int) -> Summary:
    """Measures all pairs and writes the report; `worst` is how many pairs it shows."""
    output.mkdir(parents=True, exist_ok=True)
    rows = list(_measured_in_turn(pairs, source.protocol, workers))
    summary = summarise(rows, source.protocol.max_edits, source.seed)
    write_rows(output / "pairs.parquet", PairRow, rows)
    words = blocks(source, summary, rows)
    pictures = list(_pictures(pairs, rows, worst))
    _write_pictures(output / "worst", pictures)
    shown: list[Block] = [Heading("The worst samples, by cost without merges"), *pictures] if pictures else []
    _write(output / "report.md", markdown.page(TITLE, words))
    _write(output / "report.html", html.page(TITLE, [*words, *shown]))
    stated = json.dumps(as_json(source, summary), indent=2, sort_keys=True, allow_nan=False)
    _write(output / "report.json", f"{stated}\n")
    return summary


def _measured_in_turn(pairs: Sequence[Pair], protocol: Protocol, workers: int) -> Iterator[PairRow]:
    measure = partial(measured, protocol=protocol)
    progress = partial(tqdm, total=len(pairs), desc="evaluate", unit="pair", disable=not sys.stderr.isatty())
    if workers == 1:
        yield from progress(map(measure, pairs))
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from progress(pool.map(measure, pairs))


def _pictures(pairs: Sequence[Pair], rows: Sequence[PairRow], most: int) -> Iterator[Picture]:
    """Of the scored pairs with the highest cost, read again."""
    scored = [(row.cost[0], pair) for pair, row in zip(pairs, rows, strict=True) if row.status == "scored" and row.cost]
    for cost, pair in sorted(scored, key=lambda one: (-one[0], one[1].name))[:most]:
        assert pair.pred is not None, "it was scored"
        assert pair.truth is not None, "it was scored"
        pred, truth = pair.pred.read(), pair.truth.read()
        caption = f"{pair.name}: cost {cost:.4f}. Above the truth, below the prediction; under each pair its cost."
        yield Picture(caption, contact_sheet(pred, truth, decompose(pred, truth, max_edits=0)))


def _write_pictures(folder: Path, pictures: Sequence[Picture]) -> None:
    """By number: a sample's name never becomes a path. Those of an earlier run go."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if _WORST.fullmatch(old.name):
            old.unlink()
    for number, picture in enumerate(pictures):
        with whole_file(folder / f"{number:02d}.png") as file:
            Image.fromarray(picture.pixels).save(file, "PNG")


def _write(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def _lines(summary: Summary, output: Path) -> Iterator[str]:
    """For the terminal."""
    counts = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in summary.statuses.items() if number)
    yield f"pairs: {counts}"
    if summary.rows:
        yield f"{'merges':<10}{'cost':>10}{'RGB L1':>10}{'alpha IoU':>12}"
    for merges, figures in enumerate(summary.rows):
        cost, rgb_l1, alpha_iou = (f"{estimate.mean:.4f}" for estimate in figures)
        yield f"{merges:<10}{cost:>10}{rgb_l1:>10}{alpha_iou:>12}"
    yield f"report: {printable(str(output / 'report.html'))}"


def _check_output(output: Path, *inputs: Path) -> None:
    """A report among the stacks would be taken for stacks by the next run."""
    for one in inputs:
        if output.resolve().is_relative_to(one.resolve()):
            raise ValueError(f"OUTPUT {output} lies in {one}; give it a folder of its own")
    if output.exists() and not output.is_dir():
        raise ValueError(f"OUTPUT {output} is no folder")


def main(arguments: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path need not be UTF-8
    options = _parser().parse_args(arguments)
    try:
        _check_output(options.output, options.pred, options.truth)
        pairs = paired(stacks_in(options.pred), stacks_in(options.truth), options.limit)
    except ValueError as error:
        print(f"lamina: {error}", file=sys.stderr)
        return WRONG
    protocol = Protocol(options.max_edits, 1 if options.score_single_layers else LEAST_LAYERS)
    source = Source(str(options.pred), str(options.truth), protocol, options.seed)
    try:
        summary = evaluate(pairs, source, options.output, options.workers, options.worst)
    except BrokenProcessPool:
        print("lamina: a process died, perhaps for want of memory; try fewer --workers", file=sys.stderr)
        return DIED
    for line in _lines(summary, options.output):
        print(line)
    return DONE if sum(summary.statuses[status] for status in _MEASURED) == len(pairs) else INCOMPLETE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pred", type=Path, required=True, help="the predicted stacks")
    parser.add_argument("--truth", type=Path, required=True, help="the true stacks")
    parser.add_argument("--output", type=Path, default=Path(OUTPUT), help=f"folder of the report; {OUTPUT}")
    parser.add_argument("--workers", type=_at_least(1), default=os.cpu_count() or 1, help="processes; all cores")
    parser.add_argument("--limit", type=_at_least(1), help="the first so many true stacks, by name")
    parser.add_argument("--max-edits", type=_at_least(0), default=MAX_EDITS, help=f"merges, at most; {MAX_EDITS}")
    parser.add_argument("--score-single-layers", action="store_true", help="score stacks of one layer too")
    parser.add_argument("--worst", type=_at_least(0), default=12, help="how many samples the report shows; 12")
    parser.add_argument("--seed", type=_at_least(0), default=0, help="of the confidence intervals; 0")
    return parser


def _at_least(least: int) -> "partial[int]":
    return partial(_whole_number, least)


def _whole_number(least: int, text: str) -> int:
    if not text.strip().isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
