"""Folders that a layered stage starts from, and a configuration of minutes, for tests on a CPU."""

from dataclasses import replace
from pathlib import Path

import torch

from model.checkpoint import save_vae
from model.configs import VAE_CONFIGS
from model.rgba_vae import RgbaVae
from training.config_files import load_config
from training.configuration import RunConfig
from training.origin import write_origin

SETTINGS = (
    "network.mmdit=tiny", "network.vae=tiny", "network.text=tiny", "network.compile=false", "network.recompute=none",
    "engine.precision=fp32", "engine.device=cpu", "engine.zero=2", "data.resolutions=[64]", "data.max_text_tokens=32",
    "data.workers=0", "schedule.batch=4", "schedule.steps=3", "schedule.lr=1e-3", "schedule.warmup=0",
    "checkpoints.every=0", "validation.every=0", "validation.pictures=0", "log_every=1",
)  # fmt: skip


def vae_run(folder: Path, seed: int = 0) -> Path:
    """What a finished run of STAGE=vae leaves, with random weights."""
    torch.manual_seed(seed)
    export = folder / "export" / "ema"
    export.mkdir(parents=True)
    (folder / "checkpoints").mkdir()
    save_vae(RgbaVae(VAE_CONFIGS["tiny"]), export / "vae")
    write_origin(export, {"stage": "vae", "steps": 1, "weights": "ema"})
    return folder


def tiny_config(stage: str, dataset: Path, start: Path, *settings: str) -> RunConfig:
    given = [f"data.sources=[{{where: '{dataset}'}}]", f"init.from={start}", "init.stages=[vae, '1', '2', '3']"]
    return load_config(None, stage, [*SETTINGS, *given, *settings])


def with_zero(config: RunConfig, zero: int) -> RunConfig:
    return replace(config, engine=replace(config.engine, zero=zero))
