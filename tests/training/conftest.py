"""One thread: networks this small are slower on two. torchvision is made importable before diffusers is."""

import pytest
import torch

import data_pipeline.torchvision_ops  # noqa: F401


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
