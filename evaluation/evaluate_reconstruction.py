"""A folder of reconstructions and one of truths in, a report out: `make evaluate-reconstruction`.

    python -m evaluation.evaluate_reconstruction --pred PRED --truth TRUTH [--output out/reconstruction]
                                                 [--lpips FILES] [--inception FILE] [--workers N]

TRUTH holds RGBA pictures (PNG, WebP), in folders or not; PRED what became of them after the short side's resizing to
1024 px and the crop, under the same names or with `recon_` before them. OUTPUT gets `report.md`, `report.json`,
`report.html`, a row for each picture and each colour in `samples.parquet` and `backgrounds.parquet`, and
`worst/00.png`, ... Exit status: 0 done; 2 wrong options, pictures or OUTPUT, there is no report; 3 failed or stopped.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from evaluation.command_line import DONE, at_least, exit_status, make_output, parser_of, tell
from evaluation.in_turn import watched
from evaluation.page.report_files import write_report
from evaluation.page.row_table import write_rows
from evaluation.reconstruction.pictures import counterparts, sources, truths
from evaluation.reconstruction.protocol import SIDE_PX, Networks, comparisons, from_pictures
from evaluation.reconstruction.report import TITLE, Run, as_json, blocks, brief
from evaluation.reconstruction.summary import BackgroundRow, SampleRow, summarise
from evaluation.similarity import WINDOW_PX

LPIPS_SIDE_PX = 31  # less leaves nothing to the last layers of AlexNet


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    return exit_status(partial(evaluate, options))


def evaluate(options: argparse.Namespace) -> int:
    """Compares, writes the report and prints what it comes to.

    Raises ValueError before any picture is decoded, and for one that cannot be.
    """
    if options.lpips and options.side < LPIPS_SIDE_PX:
        raise ValueError(f"--side is {options.side}; with LPIPS it must be {LPIPS_SIDE_PX} or more")
    found = truths(options.truth, options.side)
    others = counterparts(found, options.pred, options.side)
    uncounted = len(sources(options.pred)) - len(others)
    networks = _networks(options.lpips, options.inception)
    run = Run(
        str(options.truth), str(options.pred), options.side, options.seed, uncounted, options.inception is not None
    )
    make_output(options)
    compared = comparisons(found, from_pictures(others), networks, options.side, options.workers)
    summary = summarise(watched(compared, len(found)), options.seed)
    write_rows(options.output / "samples.parquet", SampleRow, summary.samples)
    write_rows(options.output / "backgrounds.parquet", BackgroundRow, summary.backgrounds)
    write_report(options.output, TITLE, list(blocks(run, summary)), as_json(run, summary))
    tell(brief(run, summary), options.output)
    return DONE


def _networks(lpips: str | None, inception: Path | None) -> Networks:
    """Imports torch only where there are weights to load."""
    if lpips is None and inception is None:
        return Networks()
    import torch

    from evaluation.reconstruction.inception import features, load_inception
    from evaluation.reconstruction.lpips import distances, load_lpips

    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Networks(
        None if lpips is None else distances(load_lpips(_files(lpips)).to(device)),
        None if inception is None else features(load_inception(inception).to(device)),
    )


def _files(listed: str) -> list[Path]:
    """One file, or several with commas between them."""
    return [Path(listed)] if Path(listed).is_file() else [Path(part) for part in listed.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("evaluation.evaluate_reconstruction", __doc__, "pictures", "out/reconstruction")
    parser.add_argument(
        "--lpips", help="weights of LPIPS (AlexNet, 0.1): one file, or AlexNet and linear layers with a comma between"
    )
    parser.add_argument("--inception", type=Path, help="pytorch-fid's weights of Inception-v3, for rFID")
    parser.add_argument("--side", type=at_least(WINDOW_PX), default=SIDE_PX, help="px; the protocol's is %(default)s")
    return parser


if __name__ == "__main__":
    sys.exit(main())
