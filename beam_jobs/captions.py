"""A finished dataset in, the same with new captions out: no PSD is read, and what a model has answered before is free.

    python -m beam_jobs.captions DATA [--url ...] [--model ...] [--caption-language ...] ...

Shards, tables and manifest change at once, when all is there; the exit statuses are those of `beam_jobs.shards`.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from beam_jobs import commit, files, progress, state
from beam_jobs.command_line import parse
from beam_jobs.journal import Journal
from beam_jobs.lock import only_run
from beam_jobs.models import with_model
from beam_jobs.options import CORPUS, JobOptions
from beam_jobs.running import DONE, exit_status, run_graph, runner_of
from beam_jobs.shards import shards
from beam_jobs.sources import curate_document
from beam_jobs.state import Work
from beam_jobs.summary import summary
from data_pipeline.stack_io.canonical_json import decode_json
from schemas.options import MODEL_CAPTIONERS, CurateOptions

_CORPUS = (*CORPUS, "opinion_model")
_HEEDED = ("curate", "captioner", "captions", "url", "model", "allow_cpu", "concurrency", "per_minute", "answer_s",
           "answers", "runner", "beam_flags")  # fmt: skip


def parse_captions(arguments: Sequence[str]) -> JobOptions:
    """What `beam_jobs.shards` was asked, but for captions. Raises ValueError with one sentence."""
    if not arguments or arguments[0].startswith("-"):
        raise ValueError("DATA is missing: the folder of a finished dataset")
    data, *rest = arguments
    given = parse(["--input", data, "--output", data, *rest])
    if given.curate.captioner not in MODEL_CAPTIONERS:
        raise ValueError("new captions need a model: give MODEL= or URL=")
    others = _others(given, data)
    if others:
        flags = ", ".join("--" + name.replace("_", "-") for name in others)
        raise ValueError(f"captions are all that can be changed here; {flags} is for make shards alone")
    path = files.join(data, state.CONFIGURATION)
    if not files.exists(path):
        raise ValueError(f"DATA {data} is no dataset of make shards: it has no {state.CONFIGURATION}")
    return _completed(given, decode_json(files.read(path)))


def _others(given: JobOptions, data: str) -> list[str]:
    """Options that were given and that nothing here heeds."""
    default = JobOptions(data, data, software=given.software)
    pairs: list[tuple[Any, Any]] = [(given, default), (given.curate, default.curate)]
    return [
        one.name
        for mine, usual in pairs
        for one in fields(mine)
        if one.name not in _HEEDED and getattr(mine, one.name) != getattr(usual, one.name)
    ]


def _completed(given: JobOptions, recipe: dict[str, Any]) -> JobOptions:
    """`given`, with what a dataset's recipe says of everything but captions."""
    try:
        curate = CurateOptions(**{one.name: recipe[one.name] for one in fields(CurateOptions)})
        corpus = {name: recipe[name] for name in _CORPUS}
    except (KeyError, TypeError) as error:
        raise ValueError(f"DATA was written by another version of Lamina, which knew no option {error}") from error
    complete = replace(given, curate=replace(curate, captioner=given.curate.captioner), **corpus)
    return replace(complete, software={name: recipe[name] for name in recipe.keys() - complete.configuration.keys()})


def run(options: JobOptions) -> dict[str, Any]:
    """Returns the new manifest.json. Raises ValueError where DATA is not whole."""
    runner = runner_of(options)
    files.configure(options.beam_flags)
    options = with_model(options)
    with only_run(options.output):
        commit.roll_forward(options.output)
        commit.start_over(options.output)
        before = state.recall(options.output)
        if not before.complete:
            raise ValueError(f"DATA {options.output} is not whole; make shards mends it")
        work = Work([replace(one, captioned=False) for _, one in sorted(before.known.items())], [])
        bar = progress.start(0)
        with Journal(options, len(work.known), 0) as journal:
            run_graph(runner, options, lambda pipeline: shards(pipeline, work, before, options, curate_document))
            commit.roll_forward(options.output)
            manifest: dict[str, Any] = decode_json(files.read(files.join(options.output, "manifest.json")))
            journal.finish(bar, manifest, [])
    return manifest


def main(arguments: Sequence[str]) -> int:
    return exit_status(lambda: parse_captions(arguments), _job)


def _job(options: JobOptions) -> int:
    started = time.monotonic()
    print(summary(run(options), time.monotonic() - started))
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
