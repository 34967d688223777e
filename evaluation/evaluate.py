"""Predicted and true layer stacks in; a report, a table with a row for each pair, and pictures of the worst out.

    python -m evaluation.evaluate --pred PRED --truth TRUTH [--output out/evaluation] [--workers N] [--limit N]

PRED and TRUTH are each a dataset of `make shards`, a folder of shards, a shard, a folder of stacks (PSDs, folders of
PNGs and the other formats), or one stack; they are paired by name. OUTPUT gets `report.md`, `report.json`,
`report.html`, `pairs.parquet` and `worst/00.png`, ... Exit status: 0 every pair was measured; 1 some could not be, the
report says which and why; 2 wrong options, PRED, TRUTH or OUTPUT, nothing was done; 3 failed or stopped.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial

from data_pipeline.stack_io.collection import stacks_in
from evaluation.command_line import DONE, INCOMPLETE, at_least, exit_status, make_output, parser_of, tell
from evaluation.decomposition.contact_sheet import contact_sheet
from evaluation.decomposition.measuring import LEAST_LAYERS, Protocol, measured
from evaluation.decomposition.metric import MAX_EDITS, decompose
from evaluation.decomposition.report import TITLE, Source, as_json, blocks, brief
from evaluation.decomposition.summary import summarise
from evaluation.in_turn import in_turn
from evaluation.page.blocks import Block, Heading, Picture
from evaluation.page.report_files import write_report
from evaluation.page.row_table import write_rows
from evaluation.pairing import Pair, paired
from schemas.decomposition import PairRow, PairStatus

_MEASURED = (PairStatus.SCORED, PairStatus.SINGLE_LAYER)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    return exit_status(partial(evaluate, options))


def evaluate(options: argparse.Namespace) -> int:
    """Measures all pairs, writes the report and prints what it comes to. Raises ValueError before any work."""
    pairs = paired(stacks_in(options.pred), stacks_in(options.truth), options.limit)
    make_output(options)
    protocol = Protocol(options.max_edits, 1 if options.score_single_layers else LEAST_LAYERS)
    source = Source(str(options.pred), str(options.truth), protocol, options.seed)
    rows = list(in_turn(partial(measured, protocol=protocol), pairs, options.workers))
    summary = summarise(rows, protocol.max_edits, source.seed)
    write_rows(options.output / "pairs.parquet", PairRow, rows)
    pictures = list(_pictures(pairs, rows, options.worst))
    shown: list[Block] = [Heading("The worst samples, by cost without merges"), *pictures] if pictures else []
    write_report(options.output, TITLE, [*blocks(source, summary, rows), *shown], as_json(source, summary))
    tell(brief(summary), options.output)
    return DONE if all(row.status in _MEASURED for row in rows) else INCOMPLETE


def _pictures(pairs: Sequence[Pair], rows: Sequence[PairRow], most: int) -> Iterator[Picture]:
    """Of the scored pairs with the highest cost, read again."""
    scored = [(row.cost[0], pair) for pair, row in zip(pairs, rows, strict=True) if row.status == "scored" and row.cost]
    for cost, pair in sorted(scored, key=lambda one: (-one[0], one[1].name))[:most]:
        assert pair.pred is not None, "it was scored"
        assert pair.truth is not None, "it was scored"
        pred, truth = pair.pred.read(), pair.truth.read()
        caption = f"{pair.name}: cost {cost:.4f}. Above the truth, below the prediction; under each pair its cost."
        yield Picture(caption, contact_sheet(pred, truth, decompose(pred, truth, max_edits=0)))


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("evaluation.evaluate", __doc__, "stacks", "out/evaluation")
    parser.add_argument("--limit", type=at_least(1), help="the first so many true stacks, by name")
    parser.add_argument("--max-edits", type=at_least(0), default=MAX_EDITS, help="merges, at most; %(default)s")
    parser.add_argument("--score-single-layers", action="store_true", help="score stacks of one layer too")
    parser.add_argument("--worst", type=at_least(0), default=12, help="how many samples the report shows; %(default)s")
    return parser


if __name__ == "__main__":
    sys.exit(main())
