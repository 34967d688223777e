"""PSDs in, a Markdown report out: how near our pictures come to Photoshop's own, beside psd-tools in the same run.

    python -m audit.bench_fidelity INPUT [--output out/fidelity] [--workers N] [--worst 24]

INPUT is a PSD, a folder of them, or a .txt with a path on each line. A file that cannot be opened or painted, or holds
no picture of Photoshop's, is a miss of both. `OUTPUT/index.html` shows the worst files, `OUTPUT/files.csv` has a
row for each.
"""

import argparse
import csv
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from psd_tools import PSDImage
from psd_tools.composite import composite as psd_tools_composite

from audit.fidelity import Outcome, report
from audit.fidelity_page import write_page
from data_pipeline.bench import best, documents
from data_pipeline.colour import ColourSpace, colour_space, drawn_rgb
from data_pipeline.curate import curate
from data_pipeline.document import Refusal, open_document
from data_pipeline.fidelity import Distance, distance, stored_image
from data_pipeline.painting import paint_document
from data_pipeline.pixels import DamagedPixels
from schemas.options import CurateOptions
from schemas.reasons import DropReason, Fate
from schemas.rows import LEAF_KINDS, LayerRow
from schemas.sample import Sample

OPTIONS = CurateOptions(max_mean=255, min_within2=0, over_cap="flatten", previews=False)
Result = TypeVar("Result")


def measured_or_not(path: Path) -> Outcome:
    """`measure`, where nothing that a file does ends the run."""
    try:
        return measure(path)
    except Exception as error:  # noqa: BLE001  # one file is one row
        return Outcome(str(path), f"{type(error).__name__}: {error}")


def measure(path: Path) -> Outcome:
    """Open, paint and compare one file, ours and psd-tools'. CPU is the better of two runs of each step."""
    cpu_s: dict[str, float] = {}

    def step(name: str, call: Callable[[], Result]) -> Result:
        cpu_s[name], result = best(call, 2)
        return result

    document = step("open", lambda: open_document(path, OPTIONS))
    if isinstance(document, Refusal):
        return Outcome(str(path), f"{document.reason}: {document.message}")
    space = colour_space(document)
    try:
        painted = step("paint", lambda: paint_document(document, space, OPTIONS))
        stored = stored_image(document, space)
    except DamagedPixels as error:
        return Outcome(str(path), f"damaged_pixels: {error}")
    if stored is None:
        return Outcome(str(path), "no_stored_image")
    figures = step("verify", lambda: distance(painted.composite, stored))
    curated = step("curate", lambda: curate(path, OPTIONS))
    theirs = step("psd-tools", lambda: _psd_tools(path, space))
    leaves = [row for row in curated.layers if row.kind in LEAF_KINDS and row.stored_index is not None]
    return Outcome(
        path=str(path),
        message="" if isinstance(curated, Sample) else f"{curated.document.reason}: {curated.document.message}",
        pixels=document.width * document.height,
        ours=figures,
        psd_tools=None if theirs is None or theirs.shape != painted.composite.shape else distance(theirs, stored),
        features=tuple(sorted(set(_features(curated.layers)))),
        unsupported=tuple(painted.flat.unsupported),
        leaves=len(leaves),
        leaves_kept=sum(row.fate in (Fate.STORED, Fate.MERGED) for row in leaves),
        layers_stored=len(curated.stack.layers) if isinstance(curated, Sample) else None,
        cpu_s=cpu_s,
    )


def _psd_tools(path: Path, space: ColourSpace) -> np.ndarray | None:
    """psd-tools' own picture, straight uint8 RGBA [height, width, 4]; None where it fails."""
    try:
        colour, _, alpha = psd_tools_composite(PSDImage.open(path))
    except Exception as error:  # noqa: BLE001  # a peer that fails, in whatever way, has missed
        print(f"{path}: psd-tools failed: {type(error).__name__}: {error}", file=sys.stderr)
        return None
    rgb = drawn_rgb(space, colour)
    return np.ascontiguousarray(np.dstack([rgb, np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)]))


def _features(rows: Sequence[LayerRow]) -> Iterator[str]:
    """What the visible layers of a document use."""
    for row in rows:
        if row.drop_reason == DropReason.HIDDEN:
            continue
        yield row.kind
        if row.blend_mode not in ("normal", "pass_through") and row.owner_id is None:
            yield f"mode:{row.blend_mode}"
        if row.clipping:
            yield "clipping"
        if row.fill < 1:
            yield "fill"


def listed(source: Path) -> list[Path]:
    """The files of INPUT; a .txt names one on each line, relative to the working folder."""
    if source.suffix.lower() == ".txt":
        return [Path(line) for line in source.read_text().splitlines() if line.strip()]
    return documents(source, None)


def measured(paths: Sequence[Path], workers: int) -> Iterator[Outcome]:
    """In the order of `paths`, on some processes; how far it is, on stderr."""
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for number, outcome in enumerate(pool.map(measured_or_not, paths), 1):
            if sys.stderr.isatty():
                end = "\n" if number == len(paths) else ""
                print(f"\r{number} of {len(paths)}", end=end, file=sys.stderr, flush=True)
            yield outcome


def write_rows(outcomes: Sequence[Outcome], path: Path) -> None:
    """A CSV with one row a file."""
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "mean", "within2", "psd_tools_mean", "psd_tools_within2", "unsupported", "message"))
        for one in outcomes:
            figures = (*_cells(one.ours), *_cells(one.psd_tools))
            rows.writerow((one.path, *figures, " ".join(one.unsupported), one.message))


def _cells(figures: Distance | None) -> tuple[str, str]:
    return ("", "") if figures is None else (f"{figures.mean:.4f}", f"{figures.within2:.4f}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report, write the page and the rows."""
    parser = argparse.ArgumentParser(
        prog="python -m audit.bench_fidelity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", type=Path)
    parser.add_argument("--output", type=Path, default=Path("out/fidelity"))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--worst", type=int, default=24, help="how many files the page shows")
    options = parser.parse_args(arguments)
    if not options.input.exists():
        parser.error(f"{options.input} does not exist")
    paths = listed(options.input)
    if not paths:
        parser.error(f"{options.input} holds no .psd or .psb")
    options.output.mkdir(parents=True, exist_ok=True)
    outcomes = list(measured(paths, options.workers))
    print(report(outcomes))
    write_rows(outcomes, options.output / "files.csv")
    worst = sorted((one for one in outcomes if one.ours), key=lambda one: (one.passes, -one.ours.mean))  # type: ignore[union-attr]
    write_page(worst[: options.worst], options.output)
    print(f"\nThe worst files, as pictures: {options.output / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
