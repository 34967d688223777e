"""Pictures are prepared as transformers prepares them; a network loaded first makes torchvision importable."""

import numpy as np
import pytest
import torch

from data_pipeline.caption import network  # noqa: F401
from data_pipeline.caption.patches import Patches

CPU = torch.device("cpu")


def processor(**settings):
    from transformers import Qwen2VLImageProcessor

    return Qwen2VLImageProcessor(**settings)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"size": {"shortest_edge": 100 * 28 * 28, "longest_edge": 120 * 28 * 28}},
        {"patch_size": 16, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.1, 0.2, 0.3]},
    ],
    ids=["as published", "other limits", "other patches and colours"],
)
def test_values_are_those_of_the_processor_bit_for_bit(settings) -> None:
    pictures = [picture(*size) for size in [(300, 777), (112, 84), (56, 56), (1100, 1300), (30, 200)]]
    oracle = processor(**settings)
    theirs, ours = oracle(pictures, return_tensors="pt"), Patches(oracle, CPU).inputs(pictures)
    assert theirs.keys() == ours.keys()
    for name, values in theirs.items():
        assert torch.equal(ours[name], values)
        assert ours[name].dtype == values.dtype


@pytest.mark.parametrize("settings", [{}, {"patch_size": 16, "merge_size": 3, "temporal_patch_size": 3}])
def test_a_gpu_cuts_as_the_kernel_does(settings) -> None:
    patches = Patches(processor(**settings), CPU)
    resized = torch.tensor(picture(*patches.size(200, 300))).permute(2, 0, 1)
    assert torch.equal(patches.cut_there(resized), patches.cut_here(resized))


def test_a_picture_that_is_asked_about_twice_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = picture(60, 60), picture(70, 60)
    patches, cut = Patches(processor(), CPU), []
    original = patches.cut_here
    monkeypatch.setattr(patches, "cut_here", lambda resized: cut.append(1) or original(resized))
    values = patches.inputs([one, other, one])["pixel_values"]
    assert len(cut) == 2
    assert torch.equal(values, torch.cat([patches.inputs([single])["pixel_values"] for single in (one, other, one)]))


@pytest.mark.parametrize("settings", [{"do_resize": False}, {"do_normalize": False}, {"resample": 2}])
def test_another_processor_is_refused(settings) -> None:
    with pytest.raises(ValueError, match="does not prepare pictures by do_resize"):
        Patches(processor(**settings), CPU)
