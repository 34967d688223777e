"""Configurations that cannot be are refused when they are made; the named sizes are what they say."""

import pytest
import torch

from model.configs import MMDIT_CONFIGS, MmditConfig, VaeConfig, from_mapping, named
from model.mmdit import VldMmdit


def parameters(name):
    with torch.device("meta"):
        return sum(tensor.numel() for tensor in VldMmdit(MMDIT_CONFIGS[name]).parameters())


def test_the_real_size_has_the_released_number_of_parameters():
    assert parameters("qwen_image_20b") == 20_430_407_232


def test_sizes_grow():
    counts = [parameters(name) for name in ("tiny", "small", "base", "qwen_image_20b")]
    assert counts == sorted(counts)
    assert counts[2] < 1e9  # what one GPU trains from scratch


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (MmditConfig, {"heads": 0}, "heads is 0"),
        (MmditConfig, {"rope_axes": [16, 56, 55]}, "positive even"),
        (MmditConfig, {"rope_axes": [16, 56, 54]}, "together 126; head_dim is 128"),
        (MmditConfig, {"rope": "3d"}, "rope is '3d'"),
        (MmditConfig, {"rope_theta": "10000"}, "rope_theta is '10000'"),
        (MmditConfig, {"heads": 24.0}, "heads is 24.0; it must be a whole number"),
        (MmditConfig, {"head": 3}, "no 'head'; did you mean heads"),
        (VaeConfig, {"image_channels": 1}, "image_channels is 1"),
        (VaeConfig, {"z_dim": 8}, "latents_mean has 16 values; z_dim is 8"),
        (VaeConfig, {"dim_mult": []}, "dim_mult"),
        (VaeConfig, {"quux": 1}, "known are base_dim"),
    ],
)
def test_a_wrong_value_is_named(kind, values, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(kind, values)


def test_an_unknown_size_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match="'huge'; known are qwen_image_20b, base, small, mini, tiny"):
        named(MMDIT_CONFIGS, "huge")


def test_a_configuration_survives_json():
    assert from_mapping(VaeConfig, {"dim_mult": [1, 2]}).stride == 2
