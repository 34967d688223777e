"""Nothing in, Markdown out: what scoring a pair of stacks costs, beside the metric written out with Pillow and numpy.

    python -m evaluation.bench [--count 1000] [--layers 10] [--side 512] [--workers N]

Stacks are drawn: `design`, a ground and soft-edged shapes, whose prediction is the same with noise, one layer merged
and one split; and `noise`, the worst case, where every pixel of every layer is visible. The ratio is CPU time of
`decomposition.literal` over that of `decomposition.metric`, on the same pair in the same run, whose rows must agree.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from evaluation.decomposition.cut import cut, uncut
from evaluation.decomposition.literal import literal_score
from evaluation.decomposition.metric import score
from evaluation.decomposition.over import over
from schemas.decomposition import Row

_DRAWN = 4  # pairs of a kind in each process, scored in turn
_TIMES = 3

StackPair = tuple[np.ndarray, np.ndarray]
_pairs: list[StackPair] = []  # of a process


def design(rng: np.random.Generator, layers: int, side: int) -> StackPair:
    """(prediction, truth), uint8 [layers, side, side, 4]."""
    truth = np.zeros((layers, side, side, 4), np.uint8)
    y, x = np.mgrid[:side, :side]
    for index, layer in enumerate(truth):
        radius = side if index == 0 else rng.uniform(0.05, 0.3) * side
        centre = rng.uniform(0.2, 0.8, 2) * side
        reach = radius - np.hypot(y - centre[0], (x - centre[1]) * rng.uniform(0.3, 1))
        layer[..., 3] = np.clip(reach / 2 + 0.5, 0, 1) * 255
        layer[layer[..., 3] > 0, :3] = rng.integers(0, 256, 3)
    pred = truth.copy()
    visible = pred[..., 3] > 0
    pred[visible, :3] = np.clip(pred[visible, :3].astype(int) + rng.integers(-9, 10, (visible.sum(), 3)), 0, 255)
    first, last = layers // 3, layers - 1
    pred[first] = uncut(over(cut(pred[first]), cut(pred[first + 1])), side, side)
    pred[first + 1] = pred[last]
    pred[first + 1, :, : side // 2] = 0
    pred[last, :, side // 2 :] = 0
    return pred, truth


def noise(rng: np.random.Generator, layers: int, side: int) -> StackPair:
    pred, truth = rng.integers(0, 256, (2, layers, side, side, 4), np.uint8)
    return pred, truth


KINDS: dict[str, Callable[[np.random.Generator, int, int], StackPair]] = {"design": design, "noise": noise}


def draw_pairs(kind: str, layers: int, side: int) -> None:
    rng = np.random.default_rng(0)
    _pairs[:] = [KINDS[kind](rng, layers, side) for _ in range(_DRAWN)]


def score_drawn(number: int) -> list[Row]:
    return score(*_pairs[number % _DRAWN])


def wall_s(kind: str, layers: int, side: int, count: int, workers: int) -> float:
    """Of scoring so many pairs, once the processes have started and drawn theirs."""
    with ProcessPoolExecutor(workers, get_context("spawn"), draw_pairs, (kind, layers, side)) as pool:
        list(pool.map(score_drawn, range(8 * workers)))
        started = time.monotonic()
        list(pool.map(score_drawn, range(count), chunksize=4))
        return time.monotonic() - started


def beside_literal(kind: str, layers: int, side: int) -> tuple[float, float]:
    """CPU seconds of one pair, (ours, written out). Raises ValueError where their rows differ."""
    pair = KINDS[kind](np.random.default_rng(0), layers, side)
    score(*pair)  # compiles
    timed = [_timed(lambda: score(*pair)) for _ in range(_TIMES)]
    theirs_s, theirs = _timed(lambda: literal_score(*pair))
    if not np.allclose(timed[0][1], theirs, atol=1e-9, rtol=0):
        raise ValueError(f"the rows of {kind} are not those of the metric written out")
    return min(seconds for seconds, _ in timed), theirs_s


def _timed(call: Callable[[], list[Row]]) -> tuple[float, list[Row]]:
    """CPU seconds, and what came out."""
    started = time.process_time()
    rows = call()
    return time.process_time() - started, rows


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--layers", type=int, default=10)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    if min(options.count, options.side, options.workers) < 1 or options.layers < 4:
        parser.error("there is a pair, a pixel and a process at least, and four layers")
    size = f"{options.layers} layers of {options.side} x {options.side} px"
    print(f"{options.count} pairs of {size}, {options.workers} processes\n")
    print("| stacks | wall s | pairs/s | CPU ms a pair | written out | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for kind in KINDS:
        ours, theirs = beside_literal(kind, options.layers, options.side)
        seconds = wall_s(kind, options.layers, options.side, options.count, options.workers)
        rate = options.count / seconds
        cells = (f"{seconds:.1f}", f"{rate:.1f}", f"{1000 * ours:.1f}", f"{1000 * theirs:.0f}", f"{theirs / ours:.0f}")
        print(f"| {kind} | {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
