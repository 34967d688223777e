"""Trains a stage: `torchrun --nproc-per-node 8 -m training.train --stage 3 --data DATASET --output RUN`.

The same command goes on with a run that was stopped. Exit status: 0 finished, 2 something is wrong (one sentence says
what), 3 stopped by a signal with a checkpoint saved, 4 another rank is lost.
"""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import torch.distributed as dist

from training import checkpoints
from training.configuration import RunConfig
from training.distributed import LOST, RankLost, Ranks, is_loss, join, leave, share_threads
from training.export import export
from training.journal import Journal
from training.layered_work import LayeredWork
from training.loader import WorkerDied
from training.loop import FINISHED, STOPPED, NotFinite, train
from training.options import add_run_options, config_of
from training.quiet import quieten
from training.run import Run
from training.run_folder import find_run, open_run, wait_for
from training.run_lock import only_run
from training.terminal import WRONG, told
from training.vae_work import VaeWork
from training.work import Work


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    quieten()
    try:
        config = config_of(options)
        ranks = join(config.engine.device, config.engine.sequence_parallel, config.engine.timeout_s)
    except ValueError as error:
        return _told(str(error), WRONG)
    except RankLost as error:
        return _told(str(error), LOST)
    status = LOST
    try:
        status = run(config, Path(options.output), ranks)
    except (ValueError, OSError, NotFinite, WorkerDied) as error:
        status = _told(str(error), WRONG)
    except RuntimeError as error:
        if not is_loss(error):
            raise
        _told(f"it stops, as another rank is gone or silent ({error})", LOST)
    finally:
        if ranks.world == 1 or status in (FINISHED, STOPPED):  # else others are not here to part from
            dist.destroy_process_group()
    return status


def run(config: RunConfig, output: Path, ranks: Ranks) -> int:
    """Trains to the end, from wherever the run stands; then exports. ValueError before any work."""
    share_threads(ranks)
    with ExitStack() as held:
        checkpoint = _opened(output, config, ranks, held)
        return _run(config, output, ranks, checkpoint)


def _run(config: RunConfig, output: Path, ranks: Ranks, checkpoint: Path | None) -> int:
    work = work_of(config, output, ranks)
    one = Run(work, config, output, ranks)
    if checkpoint is not None:
        one.resume(checkpoint)
    journal = Journal(output, config.schedule.steps, one.done) if ranks.is_first else None
    try:
        if journal is not None:
            for notice in work.notices():
                journal.say(notice)
        status = train(one, journal)
        if status == FINISHED and ranks.is_first and journal is not None:
            for folder in export(work, checkpoints.whole(output)[-1], output):
                journal.say(f"exported {folder}")
    finally:
        if journal is not None:
            journal.close()
    return status


def work_of(config: RunConfig, output: Path, ranks: Ranks) -> Work:
    """What the stage trains."""
    return (VaeWork if config.stage == "vae" else LayeredWork)(config, output, ranks)


def _opened(output: Path, config: RunConfig, ranks: Ranks, held: ExitStack) -> Path | None:
    """The first rank looks, and keeps other runs away as long as `held`; all hear of it, and fail together."""
    failure, found = "", None
    if ranks.is_first:
        try:
            find_run(output, config)  # a folder of something else gets no lock
            output.mkdir(parents=True, exist_ok=True)
            held.enter_context(only_run(output))
            found = open_run(output, config)  # only now: another run may be at work with a configuration of its own
        except (ValueError, OSError) as error:
            failure = str(error)
    said, path = ranks.heard((failure, str(found or "")))
    if said:
        raise ValueError(said)
    wait_for(output)
    return Path(path) if path else None


def _told(message: str, status: int) -> int:
    shared = dist.is_initialized() and dist.get_world_size() > 1
    who = f"lamina, rank {dist.get_rank()}" if shared else "lamina"
    return told(message, status, who)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_run_options(parser)
    parser.add_argument("--output", required=True, help="the folder of the run")
    # deepspeed's launcher gives it to every rank, unless told not to; the environment says the same.
    parser.add_argument("--local_rank", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    leave(main())
