"""Predicted and true layer stacks in, a report of how edits of them compare out: `make evaluate-editing`.

    python -m evaluation.evaluate_editing --pred PRED --truth TRUTH [--output out/editing] [--layers 4] [--workers N]

PRED and TRUTH are each a dataset, a shard, a folder of stacks (PSDs, folders of PNGs and the other formats), or one
stack; they are paired by name. OUTPUT gets `report.md`, `report.json`, `report.html`, a row for each edit in
`edits.parquet`, and `worst/00.png`, ... Exit status: 0 every pair was compared; 1 some could not be, the report says
which and why; 2 wrong options, PRED, TRUTH or OUTPUT, there is no report; 3 failed or stopped.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from data_pipeline.stack_io.collection import stacks_in
from evaluation.command_line import DONE, INCOMPLETE, at_least, exit_status, make_output, parser_of, tell
from evaluation.editing.grid import LAYERS
from evaluation.editing.replaying import Replayed, pictures, replayed
from evaluation.editing.report import TITLE, Run, as_json, blocks, brief
from evaluation.editing.summary import summarise, worst
from evaluation.in_turn import in_turn
from evaluation.page.blocks import printable
from evaluation.page.report_files import write_report
from evaluation.page.row_table import write_rows
from evaluation.pairing import Pair, paired
from schemas.editing import ReplayRow


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    return exit_status(partial(evaluate, options))


def evaluate(options: argparse.Namespace) -> int:
    """Replays all edits, writes the report and prints what it comes to.

    Raises ValueError before any work, and where no true stack could be edited.
    """
    found = _found(options)
    pairs = [pair for pair in found if pair.truth is not None]
    make_output(options)
    results = list(in_turn(partial(replayed, seed=options.seed, layers=options.layers), pairs, options.workers))
    run = _run(options, results, len(found) - len(pairs))
    rows = [row for one in results for row in one.rows]
    if not rows:
        raise ValueError(f"there is nothing to edit; the first problem of {len(run.skipped)}: {run.skipped[0]}")
    by_name = {printable(pair.name): pair for pair in pairs}
    shown = [picture for row in worst(rows, options.worst) for picture in pictures(by_name[row.sample], row)]
    summary = summarise(rows, options.seed)
    write_rows(options.output / "edits.parquet", ReplayRow, rows)
    write_report(options.output, TITLE, list(blocks(run, summary, shown)), as_json(run, summary))
    tell(brief(run, summary), options.output)
    return INCOMPLETE if run.skipped or run.missing else DONE


def _found(options: argparse.Namespace) -> list[Pair]:
    preds, truths = stacks_in(options.pred), stacks_in(options.truth)
    found = paired(preds, truths, options.limit)
    if not any(pair.pred is not None and pair.truth is not None for pair in found):
        names = f"there is {preds[0].name!r} here, {truths[0].name!r} there"
        raise ValueError(f"no stack of {options.pred} is called as one of {options.truth}; {names}")
    return found


def _run(options: argparse.Namespace, results: Sequence[Replayed], uncounted: int) -> Run:
    return Run(
        str(options.truth),
        str(options.pred),
        options.seed,
        options.layers,
        uncounted,
        tuple(one.problem for one in results if not one.rows),
        tuple(one.problem for one in results if one.rows and one.problem),
    )


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("evaluation.evaluate_editing", __doc__, "stacks", "out/editing")
    parser.add_argument("--limit", type=at_least(1), help="the first so many true stacks, by name")
    parser.add_argument("--layers", type=at_least(1), default=LAYERS, help="of a sample, at most; %(default)s")
    parser.add_argument("--worst", type=at_least(0), default=6, help="how many samples the report shows; %(default)s")
    return parser


if __name__ == "__main__":
    sys.exit(main())
