"""A checkpoint of tiny random networks, saved as published ones are. Read only."""

from pathlib import Path

import pytest
import torch

import data_pipeline.torchvision_ops  # noqa: F401 - before diffusers

# isort: split
from inference.loaded import Loaded, load
from model.checkpoint import save_pipeline
from model.configs import MMDIT_CONFIGS, VAE_CONFIGS
from model.mmdit import VldMmdit
from model.rgba_vae import RgbaVae


@pytest.fixture(scope="session")
def checkpoint(tiny_qwen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    (folder / "source").mkdir()
    for part in ("text_encoder", "tokenizer", "processor"):
        (folder / "source" / part).symlink_to(tiny_qwen)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, vae = VldMmdit(MMDIT_CONFIGS["tiny"]), RgbaVae(VAE_CONFIGS["tiny"])
        torch.nn.init.constant_(vae.decoder.conv_out.bias, 0.5)  # so that layers have alpha
    save_pipeline(folder / "tiny", model, vae, folder / "source")
    return folder / "tiny"


@pytest.fixture(scope="session")
def loaded(checkpoint: Path) -> Loaded:
    return load(str(checkpoint), "cpu")
