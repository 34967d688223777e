"""Encodes the samples of a run once: `python -m training.latents --stage 3 --data DATASET --checkpoint RUN
--set data.variants=4`, under torchrun for more than one GPU.

CHECKPOINT has the VAE and the text encoder: a run's OUTPUT or a folder of diffusers' layout. Latents lie in
DATASET/latents, or where `data.latents` says, and `data.latents=beside` trains on them. The same command goes on where
a killed one stood. Exit status: 0, or 2 where something is wrong (one sentence says what), 4 another rank is lost.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path

import torch
import torch.distributed as dist

from training.batches import Encoders
from training.configuration import RunConfig
from training.counting import counting_of
from training.distributed import LOST, RankLost, Ranks, join, leave, share_threads
from training.eligible import eligible
from training.index import Index, read_index
from training.indexes import check_given, open_indexes
from training.latent_files import check_key, index_path, read_latent_index, tar_path, write_latents
from training.latent_making import SampleEncoder
from training.latent_settings import folder_of, keep_facts, made_with, root_of
from training.loader import Loader, WorkerDied
from training.network_options import STAGES
from training.networks import frozen_encoders, text_folder, trained_vae
from training.options import add_run_options, config_of
from training.origin import origin_of
from training.quiet import quieten
from training.run_lock import only_run
from training.shard_stream import raw_samples
from training.storage import Shard, find_shards
from training.terminal import WRONG, told
from training.variants import VariantPainter, Variants

_STATE = ".state"  # of a folder of latents: the index of the samples, a tiny text encoder
_LINE_EVERY_S = 30.0


@dataclass(frozen=True)
class Job:
    """A shard whose latents are to be made: the `number`th of the `source`th index. `rows` are those of samples that
    any recipe is of."""

    tar: Path
    shard: Shard
    source: int
    number: int
    rows: frozenset[int]


def main(arguments: Sequence[str] | None = None) -> int:
    quieten()
    try:
        config = _config(_parser().parse_args(arguments))
        ranks = join(config.engine.device, 1, config.engine.timeout_s)
    except ValueError as error:
        return told(error, WRONG)
    except RankLost as error:
        return told(error, LOST)
    try:
        with ExitStack() as held:
            encoders, indexes, jobs = agree(config, ranks, held)
            dist.destroy_process_group()  # each has shards of its own, and waits for no other
            make_all(jobs[ranks.rank :: ranks.world], indexes, config, encoders, ranks.device)
    except (ValueError, OSError, WorkerDied) as error:
        return told(error, WRONG)
    except RankLost as error:
        return told(error, LOST)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return 0


def agree(config: RunConfig, ranks: Ranks, held: ExitStack) -> tuple[Encoders, list[Index], list[Job]]:
    """What all ranks have in common. The first keeps other commands away from the folders as long as `held`.

    ValueError before any work.
    """
    share_threads(ranks)
    check_given(config.data.sources)
    roots = [root_of(source, config.data) for source in config.data.sources]
    origin, state = origin_of(config.init, config.stage), roots[0] / _STATE
    trained_vae(origin.vae)
    for source in config.data.sources:
        find_shards(source.where, config.data.split)  # before a folder is made in one that is no dataset
    if ranks.is_first:
        state.mkdir(parents=True, exist_ok=True)
    encoders = frozen_encoders(text_folder(config, origin, state, ranks), config, origin, ranks)
    counting = counting_of(encoders.text)
    if ranks.is_first:
        _forget_stale(state / "index", counting.tokenizer)
    indexes = open_indexes(config.data.sources, config.data.split, counting, state / "index", ranks)
    facts = made_with(config, encoders)
    folders = [folder_of(root, facts) for root in roots]
    jobs = _jobs(indexes, folders, config, encoders.vae.config.stride)
    if ranks.is_first:
        for folder in dict.fromkeys(folders):
            keep_facts(folder, facts)
            held.enter_context(only_run(folder))
    ranks.barrier()
    return encoders, indexes, jobs


def make_all(
    jobs: Sequence[Job], indexes: Sequence[Index], config: RunConfig, encoders: Encoders, device: torch.device
) -> None:
    """What is done already is left as it is."""
    missing = [job for job in jobs if not _is_done(job)]
    if len(missing) < len(jobs):
        print(f"{len(jobs) - len(missing)} of {len(jobs)} shards were done before", flush=True)
    samples = (one for job in missing for one in raw_samples(job.source, indexes[job.source], job.number, job.rows))
    paint = VariantPainter(indexes, config.tasks, config.data)
    encode = SampleEncoder(encoders, device)
    with Loader(paint, samples, config.data.workers, config.data.ahead) as loader:
        variants = _watched(loader, sum(len(job.rows) for job in missing))
        for job in missing:
            _make(job, indexes[job.source].rows_of(job.number), variants, encode)


def _watched(variants: Iterator[Variants], total: int) -> Iterator[Variants]:
    """The same; how far this rank is, in a line every half a minute."""
    began = said = time.monotonic()
    for done, one in enumerate(variants):
        seconds = time.monotonic() - began
        if done and seconds > said - began + _LINE_EVERY_S:
            said = began + seconds
            pace = f"{done / seconds:.1f}/s, ETA {seconds * (total - done) / done:.0f} s"
            print(f"encoded {done} of {total} samples in {seconds:.0f} s ({pace})", file=sys.stderr, flush=True)
        yield one


def _make(job: Job, every: range, variants: Iterator[Variants], encode: SampleEncoder) -> None:
    """`every` are the shard's rows."""
    for made in (job.tar, index_path(job.tar)):
        for left in made.parent.glob(f"{escape(made.name)}.*.tmp"):
            left.unlink()  # by one that was killed
    began = time.monotonic()
    samples = (encode(next(variants)) if row in job.rows else None for row in every)
    count = write_latents(job.tar, job.shard, samples)
    print(f"{job.tar}: {count} samples, {count / (time.monotonic() - began):.1f} a second", flush=True)


def _jobs(indexes: Sequence[Index], folders: Sequence[Path], config: RunConfig, stride: int) -> list[Job]:
    """ValueError where latents of two shards would be called alike, or those of a sample cannot have its name."""
    jobs = []
    for source, (index, folder) in enumerate(zip(indexes, folders, strict=True)):
        used = frozenset(eligible(index, config, stride).rows.tolist())
        for row in sorted(used):
            try:
                check_key(index.facts(row).key)
            except ValueError as error:
                raise ValueError(f"{index.shard(row).path}: {error}; data.skip leaves a sample out") from error
        jobs += [
            Job(tar_path(folder, shard), shard, source, number, used.intersection(index.rows_of(number)))
            for number, shard in enumerate(index.shards)
        ]
    named: dict[Path, Shard] = {}
    for job in jobs:
        other = named.setdefault(job.tar, job.shard)
        if other is not job.shard:
            raise ValueError(
                f"{other.path} and {job.shard.path} are called alike, and so would their latents be; "
                "set data.latents=beside, so that each source has its own"
            )
    return jobs


def _is_done(job: Job) -> bool:
    try:
        read_latent_index(job.tar, job.shard)
    except ValueError:
        return False
    return True


def _forget_stale(folder: Path, tokenizer: str) -> None:
    """Indexes of samples that are older than their shards are made again."""
    for path in folder.glob("*.arrow"):
        try:
            read_index(path, tokenizer)
        except ValueError:
            path.unlink()


def _config(options: argparse.Namespace) -> RunConfig:
    """ValueError where nothing can be encoded in advance."""
    config = config_of(options)
    if config.stage == "vae":
        raise ValueError("stage vae is trained on pixels; latents are for the stages 1, 2 and 3")
    if not config.data.variants:
        raise ValueError(
            "data.variants is 0: recipes are drawn anew at every visit, and none can be encoded in advance; "
            "set data.variants to how many each sample is to have, e.g. 4"
        )
    return replace(config, init=replace(config.init, from_=options.checkpoint or config.init.from_, stages=STAGES))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_run_options(parser)
    parser.add_argument("--checkpoint", help="instead of init.from: a run's OUTPUT or a folder of diffusers' layout")
    return parser


if __name__ == "__main__":
    leave(main())
