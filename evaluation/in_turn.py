"""Work on many items in, its results in the order of the items out: in processes, with a bar for who watches."""

import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_turn(work: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result]:
    """`work` and the items can be pickled. Raises BrokenProcessPool where a process dies.

    After Ctrl-C what has begun is finished, nothing more is begun, and the processes end without a word.
    """
    if min(workers, len(items)) < 2:
        yield from watched(map(work, items), len(items))
        return
    with ProcessPoolExecutor(min(workers, len(items)), get_context("spawn")) as pool:
        with _deaf_children():
            results = pool.map(work, items)
        yield from watched(results, len(items))


def watched(results: Iterable[Result], total: int) -> Iterator[Result]:
    """How far it is, on a terminal's stderr."""
    yield from tqdm(results, total=total, desc="evaluate", disable=not sys.stderr.isatty())


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Ctrl-C is the parent's to handle: a process that starts in here inherits that it hears none."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
