"""Layers that a model left blank at the end are none."""

import torch

from model.blank_frames import mean_alpha, without_blank_end


def test_alpha_is_a_mean_over_the_canvas():
    x = torch.full((3, 4, 8, 8), -1.0)
    x[0] = 1
    x[2, :, 2:4, 3:7] = 1
    assert mean_alpha(x) == [1, 0, 8 / 64]


def test_blank_layers_at_the_end_go_and_one_layer_stays():
    x = torch.full((5, 4, 8, 8), -1.0)
    x[[0, 2], 3] = 1
    assert len(without_blank_end(x)) == 3
    assert len(without_blank_end(torch.full((5, 4, 8, 8), -1.0))) == 1
