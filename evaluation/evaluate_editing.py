"""Predicted and true layer stacks in, a report of how edits of them compare out: `make evaluate-editing`.

    python -m evaluation.evaluate_editing --pred PRED --truth TRUTH [--output out/editing] [--layers 4] [--workers N]

PRED and TRUTH are each a dataset, a shard, a folder of stacks (PSDs, folders of PNGs and the other formats), or one
stack; they are paired by name. OUTPUT gets report.md, report.html and report.json, and a row for each edit in
edits.parquet. Exit status: 0 every pair was compared; 1 some could not be, the report says which and why; 2 wrong
options, PRED or TRUTH, nothing was written; 3 a process died.
"""

import argparse
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from data_pipeline.shard_io import whole_file
from data_pipeline.stack_io.canonical_json import encode_json
from data_pipeline.stack_io.collection import stacks_in
from evaluation.editing.grid import LAYERS
from evaluation.editing.replay import edited_pair, replay
from evaluation.editing.report import TITLE, Run, as_json, blocks
from evaluation.editing.summary import Summary, summarise, worst
from evaluation.page import html, markdown
from evaluation.page.blocks import Picture, printable
from evaluation.page.row_table import write_rows
from evaluation.pairing import Pair, paired
from schemas.editing import ReplayRow
from schemas.stack import Stack

DONE, INCOMPLETE, WRONG, DIED = 0, 1, 2, 3
SHOWN = 6
_SHOWN_PX = 512


@dataclass(frozen=True)
class Replayed:
    """Of one pair. Without rows `problem` says why it was skipped; with rows, why nothing matched."""

    rows: tuple[ReplayRow, ...]
    problem: str = ""


def replayed(seed: int, layers: int, pair: Pair) -> Replayed:
    """Of a pair that has a truth. Nothing that lies in a file ends the run."""
    try:
        truth = read_truth(pair)
    except ValueError as error:
        return Replayed((), str(error))
    pred, problem = comparable(pair, truth)
    rows = tuple(replay(pred, truth, printable(pair.name), seed, layers))
    return Replayed(rows, problem if rows else f"{pair.name}: no layer shows anything")


def read_truth(pair: Pair) -> Stack:
    assert pair.truth is not None, "pairs without a truth are counted, and no more"
    return pair.truth.read()


def comparable(pair: Pair, truth: Stack) -> tuple[Stack | None, str]:
    """The prediction, or why there is none that could be compared."""
    if pair.pred is None:
        return None, f"{pair.name} has no prediction of its name"
    try:
        pred = pair.pred.read()
    except ValueError as error:
        return None, str(error)
    if (pred.width, pred.height) != (truth.width, truth.height):
        sizes = f"{pred.width} x {pred.height} px where {truth.width} x {truth.height} px are due"
        return None, f"{pair.pred.where}: the canvas is {sizes}"
    return pred, ""


def evaluate(options: argparse.Namespace) -> tuple[Run, Summary, list[Picture]]:
    """Raises ValueError where options are wrong, or no two stacks belong together."""
    for name in ("layers", "workers"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name} is {getattr(options, name)}; it must be 1 or more")
    if options.limit is not None and options.limit < 1:
        raise ValueError(f"--limit is {options.limit}; it must be 1 or more")
    preds, truths = stacks_in(options.pred), stacks_in(options.truth)
    found = paired(preds, truths, options.limit)
    pairs = [pair for pair in found if pair.truth is not None]
    if not any(pair.pred is not None for pair in pairs):
        names = f"there is {preds[0].name!r} here, {truths[0].name!r} there"
        raise ValueError(f"no stack of {options.pred} is called as one of {options.truth}; {names}")
    work = partial(replayed, options.seed, options.layers)
    results = list(_counted(_mapped(work, pairs, options.workers), len(pairs)))
    run = Run(
        str(options.truth),
        str(options.pred),
        options.seed,
        options.layers,
        len(found) - len(pairs),
        tuple(one.problem for one in results if not one.rows),
        tuple(one.problem for one in results if one.rows and one.problem),
    )
    rows = [row for one in results for row in one.rows]
    if not rows:
        raise ValueError(f"there is nothing to edit; the first problem of {len(run.skipped)}: {run.skipped[0]}")
    by_name = {printable(pair.name): pair for pair in pairs}
    shown = [picture for row in worst(rows, SHOWN) for picture in _pictures(by_name[row.sample], row)]
    return run, summarise(rows, options.seed), shown


def write(folder: Path, run: Run, summary: Summary, pictures: Sequence[Picture]) -> None:
    """The reports and the rows; each file appears whole."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = list(blocks(run, summary, pictures))
    for name, data in (
        ("report.md", markdown.page(TITLE, parts).encode()),
        ("report.html", html.page(TITLE, parts).encode()),
        ("report.json", encode_json(as_json(run, summary)) + b"\n"),
    ):
        with whole_file(folder / name) as file:
            file.write(data)
    write_rows(folder / "edits.parquet", ReplayRow, summary.rows)


def _mapped(work: partial[Replayed], pairs: Sequence[Pair], workers: int) -> Iterator[Replayed]:
    if workers == 1 or len(pairs) == 1:
        yield from map(work, pairs)
        return
    with ProcessPoolExecutor(min(workers, len(pairs)), get_context("spawn")) as pool:
        yield from pool.map(work, pairs)


def _pictures(pair: Pair, row: ReplayRow) -> Iterator[Picture]:
    truth = read_truth(pair)
    shown = edited_pair(comparable(pair, truth)[0], row.matched, truth, row.layer, row.edit)
    ours = "predicted" if row.matched is not None else "predicted, unedited: no layer matches"
    labels = (f"{row.sample}: {row.edit}, layer {row.layer}", ours)
    for label, rgba in zip(labels, shown, strict=False):
        yield Picture(label, _small(rgba))


def _small(rgba: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(rgba)
    picture.thumbnail((_SHOWN_PX, _SHOWN_PX))
    return np.asarray(picture)


def _counted(results: Iterable[Replayed], total: int) -> Iterator[Replayed]:
    """How far it is, on stderr."""
    for number, result in enumerate(results, 1):
        if sys.stderr.isatty():
            print(f"\r{number} of {total}", end="\n" if number == total else "", file=sys.stderr, flush=True)
        yield result


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, write, print the Markdown report."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path need not be UTF-8
    options = _parser().parse_args(arguments)
    try:
        run, summary, pictures = evaluate(options)
        write(options.output, run, summary, pictures)
    except (ValueError, OSError) as error:
        print(f"lamina: {error}", file=sys.stderr)
        return WRONG
    except BrokenProcessPool:
        print("lamina: a process died, perhaps for want of memory; try fewer --workers", file=sys.stderr)
        return DIED
    print(markdown.page(TITLE, blocks(run, summary)))
    print(f"report  {options.output / 'report.html'}")
    return INCOMPLETE if run.skipped or run.missing else DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.evaluate_editing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pred", type=Path, required=True, help="predicted stacks")
    parser.add_argument("--truth", type=Path, required=True, help="true stacks")
    parser.add_argument("--output", type=Path, default=Path("out/editing"))
    parser.add_argument("--seed", type=int, default=0, help="of the layers drawn and of the confidence intervals")
    parser.add_argument("--layers", type=int, default=LAYERS, help="of a sample, at most; default %(default)s")
    parser.add_argument("--limit", type=int, help="the first so many true stacks")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes; default all cores")
    return parser


if __name__ == "__main__":
    sys.exit(main())
