"""Levels of 8 bits and the VAE's values are each other's inverse, whatever lies between is rounded once."""

import torch

from model.levels import levels_of, to_rgba, values_of


def test_every_level_comes_back():
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 8, 8, 4)
    assert torch.equal(levels_of(values_of(levels, 4, torch.float32)).permute(0, 2, 3, 1), levels)


def test_three_channels_see_no_alpha():
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 8, 8, 4)
    assert torch.equal(values_of(levels, 3, torch.bfloat16), values_of(levels, 4, torch.bfloat16)[:, :3])


def test_levels_are_rounded_and_hidden_colour_goes():
    x = torch.tensor([[0.2], [-0.2], [2.0], [-1.0]]).reshape(4, 1, 1).repeat(1, 1, 2)
    x[3, 0, 1] = 1
    assert to_rgba(x).tolist() == [[[0, 0, 0, 0], [153, 102, 255, 255]]]
