"""A folder of truths and one of reconstructions in, a report out: `make evaluate-reconstruction`.

    python -m evaluation.evaluate_reconstruction TRUTH PRED [--output FOLDER] [--lpips FILE] [--inception FILE]

TRUTH holds RGBA pictures (PNG, WebP), in folders or not; PRED what became of them after the short side's resizing to
1024 px and the crop, under the same names or with `recon_` before them. OUTPUT gets report.md, report.html and
report.json, and a row for each picture and each colour in samples.parquet and backgrounds.parquet.
Exit status: 0 done, 2 wrong options or pictures.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from data_pipeline.shard_io import whole_file
from data_pipeline.stack_io.canonical_json import encode_json
from evaluation.page import html, markdown
from evaluation.page.row_table import write_rows
from evaluation.reconstruction.pictures import counterparts, sources, truths
from evaluation.reconstruction.protocol import SIDE_PX, Comparison, Networks, comparisons, from_pictures
from evaluation.reconstruction.report import TITLE, Run, as_json, blocks
from evaluation.reconstruction.summary import BackgroundRow, SampleRow, Summary, summarise
from evaluation.similarity import WINDOW_PX

LPIPS_SIDE_PX = 31  # less leaves nothing to the last layers of AlexNet


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, write, print the Markdown report."""
    options = _parser().parse_args(arguments)
    try:
        run, summary = evaluate(options)
        write(options.output, run, summary)
    except (ValueError, OSError) as error:
        print(f"lamina: {error}", file=sys.stderr)
        return 2
    print(markdown.page(TITLE, blocks(run, summary)))
    print(f"report  {options.output / 'report.html'}")
    return 0


def evaluate(options: argparse.Namespace) -> tuple[Run, Summary]:
    """Raises ValueError, before any picture is decoded, where options, folders or weights are wrong."""
    least = LPIPS_SIDE_PX if options.lpips else WINDOW_PX
    if options.side < least:
        raise ValueError(f"--side is {options.side}; it must be {least} or more")
    if options.workers < 1:
        raise ValueError(f"--workers is {options.workers}; it must be 1 or more")
    found = truths(options.truth, options.side)
    others = counterparts(found, options.pred, options.side)
    uncounted = len(sources(options.pred)) - len(others)
    networks = _networks(options.lpips, options.inception)
    run = Run(
        str(options.truth), str(options.pred), options.side, options.seed, uncounted, options.inception is not None
    )
    compared = comparisons(found, from_pictures(others), networks, options.side, options.workers)
    return run, summarise(_counted(compared, len(found)), options.seed)


def write(folder: Path, run: Run, summary: Summary) -> None:
    """The reports and the rows; each file appears whole."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = list(blocks(run, summary))
    for name, data in (
        ("report.md", markdown.page(TITLE, parts).encode()),
        ("report.html", html.page(TITLE, parts).encode()),
        ("report.json", encode_json(as_json(run, summary)) + b"\n"),
    ):
        with whole_file(folder / name) as file:
            file.write(data)
    write_rows(folder / "samples.parquet", SampleRow, summary.samples)
    write_rows(folder / "backgrounds.parquet", BackgroundRow, summary.backgrounds)


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


def _counted(compared: Iterable[Comparison], total: int) -> Iterator[Comparison]:
    """How far it is, on stderr."""
    for number, comparison in enumerate(compared, 1):
        if sys.stderr.isatty():
            print(f"\r{number} of {total}", end="\n" if number == total else "", file=sys.stderr, flush=True)
        yield comparison


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.evaluate_reconstruction",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("truth", type=Path)
    parser.add_argument("pred", type=Path)
    parser.add_argument("--output", type=Path, default=Path("out/reconstruction"))
    parser.add_argument(
        "--lpips", help="weights of LPIPS (AlexNet, 0.1): one file, or AlexNet and linear layers with a comma between"
    )
    parser.add_argument("--inception", type=Path, help="pytorch-fid's weights of Inception-v3, for rFID")
    parser.add_argument("--side", type=int, default=SIDE_PX, help="px; the protocol's is %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the confidence intervals")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="threads")
    return parser


if __name__ == "__main__":
    sys.exit(main())
