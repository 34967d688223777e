"""PSDs in, a Markdown table out: CPU seconds per step, beside psd-tools on the same files in the same run.

    python -m data_pipeline.bench INPUT [--repeat 3] [--limit N]

INPUT is a PSD or a folder of them. Every figure is the best of `--repeat` in this one process, after one document that
is not counted. `convert` is to sRGB. `curate` is everything but encoding: the steps before it, hashing the file,
comparing once more at the stored size, and captions. `psd-tools` is `PSDImage.open` and
`psd_tools.composite.composite`; `ratio` is that to `curate`. Like for like are `open`, `flatten` and `filter`, which
end in the composite too. `leave one out` recomposes the stack once without each layer and compares, which is what
`filter` replaces. No document is rejected here: all take every step.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from psd_tools import PSDImage
from psd_tools.composite import composite as psd_tools_composite

from data_pipeline.colour import colour_space, to_srgb
from data_pipeline.compose import compose
from data_pipeline.contribution import contributions
from data_pipeline.curate import curate
from data_pipeline.document import Refusal, open_document
from data_pipeline.fidelity import distance, in_srgb, stored_image
from data_pipeline.flatten import flatten
from data_pipeline.flatten.text import PHOTOSHOPS_GAMMA
from data_pipeline.merge import merge
from data_pipeline.resize import resize
from data_pipeline.stack_io.images import encode_image
from schemas.options import CurateOptions
from schemas.stack import Stack

LARGE_PX = 250_000  # smaller files say more about constant costs than about pixels
OPTIONS = CurateOptions(no_stored_image="keep", max_mean=255, min_within2=0, over_cap="flatten", previews=False)
STEPS = ("open", "flatten", "filter", "verify", "convert", "merge", "resize", "compose", "encode")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Timing:
    """CPU seconds of one document; `layers` are those of the flattened stack."""

    name: str
    width: int
    height: int
    layers: int
    steps: dict[str, float]
    curate_s: float
    psd_tools_s: float
    leave_one_out_s: float

    @property
    def ratio(self) -> float:
        return self.psd_tools_s / self.curate_s

    @property
    def composite_ratio(self) -> float:
        """To what it takes us to have the composite, and every layer's contribution besides."""
        return self.psd_tools_s / sum(self.steps[name] for name in ("open", "flatten", "filter"))


def documents(source: Path, limit: int | None) -> list[Path]:
    """The PSDs of a folder, by path, or the one file."""
    if source.is_file():
        return [source]
    return sorted(path for path in source.rglob("*") if path.suffix.lower() in (".psd", ".psb"))[:limit]


def best(call: Callable[[], Result], repeat: int) -> tuple[float, Result]:
    """The least CPU seconds of some calls, and the last result."""
    seconds = []
    for _ in range(repeat):
        start = time.process_time()
        result = call()
        seconds.append(time.process_time() - start)
    return min(seconds), result


def time_document(path: Path, repeat: int) -> Timing | None:
    """None for a file that cannot be opened."""
    if isinstance(open_document(path, OPTIONS), Refusal):
        return None
    steps: dict[str, float] = {}

    def step(name: str, call: Callable[[], Result]) -> Result:
        steps[name], result = best(call, repeat)
        return result

    opened, space = step("open", lambda: _opened(path))
    flat = step("flatten", lambda: flatten(opened, space, PHOTOSHOPS_GAMMA))
    composite, contribution = step(
        "filter", lambda: contributions(flat.stack, OPTIONS.min_visible_px, OPTIONS.min_difference)
    )
    stored = step(
        "verify", lambda: (stored := stored_image(opened, space)) and (distance(composite, stored), stored)[1]
    )
    kept = [flat.stack.layers[i] for i in np.flatnonzero(contribution.kept)]
    layers, _ = step(
        "convert",
        lambda: (
            tuple(replace(layer, rgba=to_srgb(space, layer.rgba)) for layer in kept),
            stored and in_srgb(stored, space),
        ),
    )
    stack = replace(flat.stack, layers=layers)
    merged = step("merge", lambda: _merged(stack))
    if merged is None:
        raise ValueError(f"{path}: rejected by merge, though the options flatten what exceeds the cap")
    small = step("resize", lambda: resize(merged, OPTIONS.max_area)).stack
    picture = step("compose", lambda: compose(small))
    images = (picture, *(layer.rgba for layer in small.layers))
    step("encode", lambda: [encode_image(image, OPTIONS.image_format) for image in images])
    return Timing(
        name=path.stem,
        width=flat.stack.width,
        height=flat.stack.height,
        layers=len(flat.stack.layers),
        steps=steps,
        curate_s=best(lambda: curate(path, OPTIONS), repeat)[0],
        psd_tools_s=best(lambda: psd_tools_composite(PSDImage.open(path)), repeat)[0],
        leave_one_out_s=best(lambda: leave_one_out(flat.stack), 1)[0],
    )


def _merged(stack: Stack) -> Stack | None:
    merged = merge(stack, OPTIONS, [()] * len(stack.layers))
    return None if merged is None else merged.painted()


def leave_one_out(stack: Stack) -> list[int]:
    """For each layer the largest difference, in 1/255, that its absence makes; by recomposition."""
    whole = compose(stack).astype(np.int16)
    changes = []
    for index in range(len(stack.layers)):
        without = compose(replace(stack, layers=stack.layers[:index] + stack.layers[index + 1 :]))
        changes.append(int(np.abs(whole - without).max()))
    return changes


def _opened(path: Path):  # type: ignore[no-untyped-def]
    opened = open_document(path, OPTIONS)
    return opened, colour_space(opened)  # type: ignore[arg-type]  # refusals were sorted out before


def report(timings: list[Timing]) -> str:
    """One row a document, then medians and totals of the large ones."""
    names = ("document", "pixels", "layers", *STEPS, "curate", "psd-tools", "ratio", "leave one out")
    lines = [_row(names), _row(["---"] + ["---:"] * (len(names) - 1))]
    for timing in timings:
        lines.append(
            _row([timing.name, f"{timing.width} x {timing.height}", str(timing.layers), *_figures([timing], sum)])
        )
    large = [timing for timing in timings if timing.width * timing.height >= LARGE_PX]
    for title, group, of in (
        ("total of all", timings, sum),
        (f"total of >= {LARGE_PX / 1e6} Mpx", large, sum),
        (f"median of >= {LARGE_PX / 1e6} Mpx", large, statistics.median),
    ):
        if group:
            lines.append(_row([title, f"{len(group)} files", "", *_figures(group, of)]))
    if large:
        ratio = statistics.median(timing.ratio for timing in large)
        composite_ratio = statistics.median(timing.composite_ratio for timing in large)
        filter_s = sum(timing.steps["filter"] for timing in large)
        brute_s = sum(timing.leave_one_out_s for timing in large)
        lines += [
            "",
            f"Median over files of >= {LARGE_PX / 1e6} Mpx: psd-tools takes {ratio:.1f} times the CPU of curate,",
            f"and {composite_ratio:.1f} times that of open, flatten and filter.",
            f"Leave-one-out by recomposition takes {brute_s / filter_s:.1f} times the CPU of the filter.",
        ]
    return "\n".join(lines)


def _figures(timings: list[Timing], of: Callable[[list[float]], float]) -> list[str]:
    def figure(value: Callable[[Timing], float]) -> float:
        return of([value(timing) for timing in timings])

    ratio = f"{figure(lambda t: t.psd_tools_s) / figure(lambda t: t.curate_s):.1f}"
    seconds = [figure(lambda t, name=name: t.steps[name]) for name in STEPS]  # type: ignore[misc]
    seconds += [figure(lambda t: t.curate_s), figure(lambda t: t.psd_tools_s)]
    return [f"{value:.4f}" for value in seconds] + [ratio, f"{figure(lambda t: t.leave_one_out_s):.4f}"]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()
    paths = documents(arguments.input, arguments.limit)
    if not paths:
        parser.error(f"{arguments.input} holds no .psd or .psb")
    time_document(paths[0], 1)  # psd-tools and the caches of this process, once
    timings = [timing for path in paths if (timing := time_document(path, arguments.repeat))]
    print(report(timings))


if __name__ == "__main__":
    main()
