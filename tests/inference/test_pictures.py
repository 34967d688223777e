"""Pictures come back from what the VAE takes; files that are none are named."""

import numpy as np
import pytest
import torch
from PIL import Image

from data_pipeline.compose import compose
from inference.pictures import pictures_in, to_model, to_stack
from model.levels import to_rgba


def test_levels_come_back_exactly():
    rgba = np.random.default_rng(0).integers(0, 256, (32, 32, 4), np.uint8)
    rgba[rgba[..., 3] == 0] = 0
    assert np.array_equal(to_rgba(to_model(rgba, (32, 32))), rgba)


def test_alpha_1_is_plus_1():
    assert (to_model(np.full((32, 32, 4), 255, np.uint8), (64, 32)) == 1).all()
    assert (to_model(np.zeros((32, 32, 4), np.uint8), (32, 64)) == -1).all()


def test_what_is_transparent_does_not_bleed():
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[:, 32:] = (255, 0, 0, 255)
    rgba[:, :32, 1] = 255  # green, and not to be seen
    small = to_rgba(to_model(rgba, (32, 32)))
    assert small[..., 1].max() == 0


def test_an_rgb_picture_is_opaque():
    assert (to_rgba(torch.zeros(3, 4, 4))[..., 3] == 255).all()


def test_layers_are_cropped_and_a_blank_one_stays():
    x = torch.full((3, 4, 8, 8), -1.0)
    x[0] = 1
    x[2, :, 2:4, 3:7] = 1
    stack = to_stack(x)
    assert [layer.box for layer in stack.layers] == [(0, 0, 8, 8), (0, 0, 0, 0), (3, 2, 7, 4)]
    assert (compose(stack) == 255).all()


def test_a_folder_is_its_pictures_in_order(tmp_path):
    for name in ("b.png", "a.PNG", "c.txt"):
        Image.new("RGB", (2, 2)).save(tmp_path / name, "PNG")
    assert [path.name for path in pictures_in([tmp_path])] == ["a.PNG", "b.png"]


def test_a_path_without_pictures_is_named(tmp_path):
    with pytest.raises(ValueError, match="no such picture"):
        pictures_in([tmp_path / "y.png"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no picture"):
        pictures_in([tmp_path / "empty"])
