"""A job's graph in, its run on a Beam runner out; and what a job that ends, well or not, tells the shell."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineRunner, create_runner

from beam_jobs import stopping
from beam_jobs.children import close_children
from beam_jobs.files import join
from beam_jobs.options import DEFAULT_RUNNER, JobOptions
from schemas.spelling import printable

DONE, TOO_MANY_REJECTED, WRONG, FAILED = 0, 1, 2, 3


class Failed(Exception):
    """The run could not be finished, through no fault of an input."""


def runner_of(options: JobOptions) -> PipelineRunner:
    """Raises ValueError where there is none of that name."""
    if options.runner == DEFAULT_RUNNER:  # it logs each failure at every level; ours is told once, and kept in logs/
        logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    try:
        return create_runner(options.runner)
    except (ValueError, ImportError) as error:
        raise ValueError(f"runner {options.runner} cannot be had: {' '.join(str(error).split())}") from error


def run_graph(runner: PipelineRunner, options: JobOptions, graph: Callable[[beam.Pipeline], None]) -> None:
    """Raises Failed, or KeyboardInterrupt as Ctrl-C does."""
    pipeline = beam.Pipeline(runner, PipelineOptions([*options.beam_flags]))
    graph(pipeline)
    try:
        with stopping.heard():
            pipeline.run().wait_until_finish()
    except Exception as error:  # the border to Beam, whose runners raise what they like
        if _was_interrupted(error):
            raise KeyboardInterrupt from error
        raise Failed(f"{type(error).__name__}: {error}") from error


def _was_interrupted(error: BaseException | None) -> bool:
    """Beam wraps Ctrl-C as it wraps everything."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def exit_status(parsed: Callable[[], JobOptions], job: Callable[[JobOptions], int]) -> int:
    """That of a job; what goes wrong is told in one line."""
    output: Any = None
    try:
        options = parsed()
        output = options.output
        return job(options)
    except ValueError as error:
        print(f"lamina: {error}", file=sys.stderr)
        return WRONG
    except OSError as error:  # a store that answers with an error, a disk that is full
        print(f"lamina: the run failed: {printable(str(error))[:1000]}", file=sys.stderr)
        return FAILED
    except Failed as error:
        print(f"lamina: the run failed, see {join(output, 'logs')}: {printable(str(error))[:1000]}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("lamina: stopped; the same command goes on from here", file=sys.stderr)
        return FAILED
    finally:
        close_children()
