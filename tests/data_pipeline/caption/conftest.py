"""A tiny Qwen2.5-VL of random numbers, saved as published ones are."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder. Read only: tests that change it copy it first."""
    import torch

    from data_pipeline.caption.random_model import save_random_model

    torch.set_num_threads(1)  # so small a model is slower in two
    folder = tmp_path_factory.mktemp("qwen") / "tiny"
    save_random_model(folder)
    return folder
