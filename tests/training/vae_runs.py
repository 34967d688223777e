"""A small run of the VAE stage on drawn designs: shards, configuration, and its work."""

from dataclasses import replace

import numpy as np
import torch

from schemas.stack import PlainLayer, Stack
from tests.training.drawn_shards import members_of, sample_of, tar
from training.checkpoints import StoredParameters, whole
from training.configuration import Checkpoints, Engine, RunConfig, Schedule, VaeStage, Validation
from training.data_options import Data, Source
from training.discriminator import Adversary
from training.loop import FINISHED, train
from training.run import Run
from training.vae_work import VaeWork

CPU = torch.device("cpu")


def design(rng, side=64):
    """An opaque ramp, and soft discs in colours of their own."""
    y, x = np.mgrid[:side, :side] / side
    ground = np.full((side, side, 4), 255, np.uint8)
    first, last = rng.integers(0, 256, (2, 3))
    ground[..., :3] = first + (last - first) * (x if rng.random() < 0.5 else y)[..., None]
    layers = [PlainLayer((0, 0, side, side), ground)]
    for _ in range(int(rng.integers(1, 4))):
        width = int(rng.integers(side // 4, side // 2))
        left, top = (int(value) for value in rng.integers(0, side - width, 2))
        away = np.hypot(*(np.mgrid[:width, :width] - width / 2 + 0.5))
        disc = np.empty((width, width, 4), np.uint8)
        disc[..., :3] = rng.integers(0, 256, 3)
        disc[..., 3] = np.rint(np.clip((width / 2 - away) / rng.choice([1, 3, 8]), 0, 1) * 255)
        disc[disc[..., 3] == 0] = 0
        layers.append(PlainLayer((left, top, left + width, top + width), disc))
    return Stack(side, side, tuple(layers))


def draw_dataset(folder, train=12, validation=4):
    rng = np.random.default_rng(0)
    for split, count, first in (("train", train, 0), ("validation", validation, 1000)):
        members = [member for number in range(count) for member in members_of(sample_of(design(rng), first + number))]
        tar(folder / f"{split}-000000.tar", members)
    return folder


def config_of(folder, **stage):
    return RunConfig(
        stage="vae",
        data=Data(sources=(Source(str(folder)),), workers=0),
        schedule=Schedule(steps=6, batch=6, lr=1e-3, warmup=0, ema=0.9),
        engine=Engine(zero=1, precision="fp32", device="cpu"),
        validation=Validation(every=3, samples=6),
        vae=replace(VaeStage(crop_px=32, micro_batch=2), **stage),
        log_every=1,
    )


def pictures(count=4, side=32, seed=0):
    return torch.rand(count, 4, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def learned(adversary, steps, x, y, samples=4):
    """Losses of so many steps."""
    losses = []
    for _ in range(steps):
        losses.append(adversary.learn(x, y, samples).sum())
        adversary.step()
    return torch.stack(losses)


def on_two_ranks(ranks, folder, output):
    """In one process, as it takes seconds to start: the runs below, what the adversary has learnt in a step on this
    rank's half of four pictures, and what runs of ZeRO-1 and 3 say."""
    half = slice(2 * ranks.rank, 2 * ranks.rank + 2)
    adversary = Adversary(1e-3, 0, CPU)
    learned(adversary, 1, pictures(seed=1)[half], pictures(seed=2)[half])
    stages = {zero: whole_run(ranks, folder, output / f"zero-{zero}", zero) for zero in (1, 3)}
    return adversarial_runs(ranks, folder, output), adversary.state(), stages


def whole_run(ranks, folder, output, zero):
    """Its weights after two steps; and what it says of three crops, of which the second rank has one."""
    config = config_of(folder, micro_batch=1)
    config = replace(
        config,
        engine=replace(config.engine, zero=zero),
        schedule=replace(config.schedule, steps=2),
        network=replace(config.network, recompute="full"),
        validation=Validation(every=0, samples=3),
    )
    run = Run(VaeWork(config, output, ranks), config, output, ranks)
    assert train(run, None) == FINISHED
    said = run.work.validate(ranks)
    ranks.barrier()
    return dict(StoredParameters(whole(output)[-1], "weights")), said


def adversarial_runs(ranks, folder, output):
    """Undisturbed; and stopped once the adversary has learnt. What each says of held-out crops."""
    config = replace(
        config_of(folder, adversarial=0.1, adversarial_start=1),
        checkpoints=Checkpoints(every=1, keep=9),
        validation=Validation(every=4, samples=2),
    )
    said = []
    for name, stops in (("whole", (4,)), ("stopped", (2, 4))):
        for steps in stops:
            until = replace(config, schedule=replace(config.schedule, steps=steps))
            run = Run(VaeWork(until, output / name, ranks), until, output / name, ranks)
            found = whole(output / name)
            ranks.barrier()
            if found:
                run.resume(found[-1])
            assert train(run, None) == FINISHED
        said.append(run.work.validate(ranks))
    return said
