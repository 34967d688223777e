"""What the commands of this folder have in common: the options that all of them take, and how each of them ends.

An exit status says: 0 done; 1 done, but something could not be measured, the report says what and why; 2 wrong options,
PRED, TRUTH or OUTPUT, there is no report; 3 failed or stopped, there is no report.
"""

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from data_pipeline.stack_io.collection import check_apart
from evaluation.page import plain
from evaluation.page.blocks import Block, printable

DONE, INCOMPLETE, WRONG, FAILED = 0, 1, 2, 3


def parser_of(module: str, description: str | None, things: str, output: str) -> argparse.ArgumentParser:
    """PRED and TRUTH hold `things`; `output` is where the report lies by default."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pred", type=Path, required=True, help=f"the predicted {things}")
    parser.add_argument("--truth", type=Path, required=True, help=f"the true {things}")
    parser.add_argument("--output", type=Path, default=Path(output), help="folder of the report; %(default)s")
    parser.add_argument("--workers", type=at_least(1), default=os.cpu_count() or 1, help="at a time; one a core")
    parser.add_argument("--seed", type=at_least(0), default=0, help="of all that is drawn by chance; %(default)s")
    return parser


def at_least(least: int) -> "partial[int]":
    """The type of an option that is a whole number."""
    return partial(_whole_number, least)


def _whole_number(least: int, text: str) -> int:
    if not text.strip().isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
    return int(text)


def make_output(options: argparse.Namespace) -> None:
    """The folder of the report, before any work. Raises ValueError where there can be none, or no good one: a report
    among what is compared would be compared by the next run."""
    for source in (options.pred, options.truth):
        check_apart(options.output, source)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"OUTPUT {options.output} can be no folder: {error.strerror or error}") from error


def tell(brief: Iterable[Block], folder: Path) -> None:
    """What a report comes to, and where it lies. Whoever stops reading has seen enough."""
    try:
        print(f"{plain.page(brief)}\nreport: {printable(str(folder / 'report.html'))}", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python tries again as it ends


def exit_status(command: Callable[[], int]) -> int:
    """That of a command; what goes wrong is told in one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path need not be UTF-8
    try:
        return command()
    except ValueError as error:
        return _told(printable(str(error)), WRONG)
    except OSError as error:  # a disk that is full
        return _told(f"the run failed: {printable(str(error))}", FAILED)
    except BrokenProcessPool:
        return _told("a process died, perhaps for want of memory; try fewer --workers", FAILED)
    except KeyboardInterrupt:
        return _told("stopped", FAILED)


def _told(sentence: str, status: int) -> int:
    print(f"lamina: {sentence}", file=sys.stderr)
    return status
