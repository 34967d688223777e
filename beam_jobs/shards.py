"""Photoshop files in, verified WebDataset shards and Parquet tables out: the job, as one Beam graph.

    python -m beam_jobs.shards --input FOLDER|GLOB|MANIFEST --output FOLDER [--workers N] [--config options.yaml] ...

Exit status: 0 done; 1 done, but more documents were rejected than --max-reject allows; 2 wrong options, INPUT or
OUTPUT, nothing was done; 3 the run failed, and what it finished is kept for the next one.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any

import apache_beam as beam

from beam_jobs import commit, progress, state
from beam_jobs.captioning import Captions
from beam_jobs.command_line import parse
from beam_jobs.corpus import file_of, keep_one_file, keep_one_picture, picture_of
from beam_jobs.dry_run import forecast
from beam_jobs.families import Families
from beam_jobs.files import configure, join, read
from beam_jobs.journal import Journal
from beam_jobs.lock import only_run
from beam_jobs.models import with_model
from beam_jobs.options import JobOptions
from beam_jobs.packing import plan
from beam_jobs.running import DONE, TOO_MANY_REJECTED, exit_status, run_graph, runner_of
from beam_jobs.sources import SOURCES, inputs_of
from beam_jobs.sources import Curate as CurateFunction
from beam_jobs.state import State, Work
from beam_jobs.summary import summary
from beam_jobs.transforms import Build, Curate
from data_pipeline.anomaly import check_models
from data_pipeline.stack_io.canonical_json import decode_json


def shards(pipeline: beam.Pipeline, work: Work, before: State, options: JobOptions, curate: CurateFunction) -> None:
    """The job. What crosses a shuffle is references; pixels go from scratch, or an earlier shard, to a shard."""
    known = pipeline | "Known" >> beam.Create(work.known)
    todo = sorted(work.todo, key=lambda one: one.document.place)
    curated = pipeline | "Inputs" >> beam.Create(todo) | "Curate" >> beam.ParDo(Curate(options, curate))
    _ = (
        (known, curated)
        | "Documents" >> beam.Flatten()
        | "By file" >> beam.GroupBy(file_of)
        | "Deduplicate files" >> beam.FlatMapTuple(lambda _, group: keep_one_file(group))
        | "By composite" >> beam.GroupBy(picture_of)
        | "Deduplicate composites" >> beam.FlatMapTuple(lambda _, group: keep_one_picture(group))
        | "Families of near duplicates, splits" >> Families(options)
        | "Captions of a model" >> Captions(options)
        | "Pack" >> beam.FlatMap(plan, options.shard_size)
        | "Spread" >> beam.Reshuffle()
        | "Write shards, previews, tables" >> beam.ParDo(Build(options, curate, before.built))
        | "Written" >> beam.combiners.ToList()
        | "Seal" >> beam.Map(commit.seal, list(before.built.values()), sorted(before.paths), options)
    )


def run(options: JobOptions, curate: CurateFunction | None = None) -> dict[str, Any]:
    """Runs the job; returns manifest.json. Raises ValueError for a wrong INPUT or OUTPUT, before any work.

    `curate` stands in for what the format of INPUT asks for.
    """
    curate = curate or SOURCES[options.format].curate
    runner = runner_of(options)
    configure(options.beam_flags)
    check_models(options.curate)
    options = with_model(options)
    inputs = inputs_of(options)
    state.check_configuration(options)
    with only_run(options.output):
        state.claim(options)
        commit.roll_forward(options.output)
        commit.start_over(options.output)
        before = state.recall(options.output, verify=options.verify)
        state.check_shrinking(inputs, before, options)
        work = state.divide(inputs, before, options)
        bar = progress.start(len(work.todo))
        with Journal(options, len(inputs), len(work.todo)) as journal:
            if not state.is_done(work, before, options):
                run_graph(runner, options, lambda pipeline: shards(pipeline, work, before, options, curate))
                commit.roll_forward(options.output)
            manifest: dict[str, Any] = decode_json(read(join(options.output, "manifest.json")))
            moved = state.moved(before, state.recall(options.output)) if before.known and work.todo else []
            journal.finish(bar, manifest, moved)
            if moved:
                print(f"{len(moved)} samples changed their split with their family, see logs: {', '.join(moved[:3])}",
                      file=sys.stderr)  # fmt: skip
    return manifest


def main(arguments: Sequence[str]) -> int:
    return exit_status(lambda: parse(arguments), job)


def job(options: JobOptions) -> int:
    """The run, or its forecast, told to a person; returns the exit status."""
    started = time.monotonic()
    if options.dry_run:
        for line in forecast(options):
            print(line)
        return DONE
    manifest = run(options)
    print(summary(manifest, time.monotonic() - started))
    counts = manifest["counts"]
    rejected = counts.get("rejected", {}).get("all", 0) / counts["inputs"]
    if options.max_reject is not None and rejected > options.max_reject:
        print(f"lamina: {rejected:.1%} of the documents were rejected; max_reject is {options.max_reject:.1%}",
              file=sys.stderr)  # fmt: skip
        return TOO_MANY_REJECTED
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
