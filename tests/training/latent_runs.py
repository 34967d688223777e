"""A dataset of two shards of drawn samples, what its latents are made with, and a command that makes them."""

import os
from pathlib import Path

import numpy as np

from tests.training.drawn_shards import members_of, sample_of, soft_stack, tar
from tests.training.tiny_parts import SETTINGS
from training.latents import main

VARIANTS = 3
SAMPLES = (5, 4)  # of each shard
MADE = (*SETTINGS, f"data.variants={VARIANTS}", "tasks.merge=0.3", "tasks.blanks=0.4", "tasks.most_blanks=2")


def draw_dataset(folder: Path) -> Path:
    """Some of one layer, some transparent."""
    rng = np.random.default_rng(0)
    (folder / "shards").mkdir(parents=True)
    number = 0
    for shard, count in enumerate(SAMPLES):
        members = []
        for _ in range(count):
            layers = 1 + number % 5
            width, height = ((64, 64), (96, 64))[number % 2]
            stack = soft_stack(rng, layers, width, height, opaque=number % 3 > 0)
            members += members_of(sample_of(stack, number))
            number += 1
        path = folder / "shards" / f"train-{shard:06d}.tar"
        tar(path, members)
        os.utime(path, ns=(0, 1_700_000_000_000_000_000 + shard))
    return folder


def words(stage: str, dataset: Path, checkpoint: Path, *settings: str) -> list[str]:
    sets = [word for setting in (*MADE, *settings) for word in ("--set", setting)]
    return ["--stage", stage, "--data", str(dataset), "--checkpoint", str(checkpoint), *sets]


def made(stage: str, dataset: Path, checkpoint: Path, *settings: str) -> Path:
    """The folder of the latents."""
    before = set((dataset / "latents").glob("*/latents.json"))
    assert main(words(stage, dataset, checkpoint, *settings)) == 0
    (facts,) = set((dataset / "latents").glob("*/latents.json")) - before
    return facts.parent


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".tar", ".arrow", ".json")}
