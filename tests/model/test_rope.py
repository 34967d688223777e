"""Positions of Layer3D RoPE, and what a rotation keeps."""

import math

import torch

from model.configs import MmditConfig
from model.packing import SampleShape
from model.rope import frame_positions, image_positions, rotate, rotation, text_positions

CONFIG = MmditConfig(heads=2, head_dim=32, rope_axes=(8, 12, 12))


def test_rows_and_columns_are_counted_from_the_centre():
    assert frame_positions((2, 3), 5).tolist() == [
        [5, -1, -2], [5, -1, -1], [5, -1, 0],
        [5, 0, -2], [5, 0, -1], [5, 0, 0],
    ]  # fmt: skip


def test_the_composite_is_layer_0_and_the_condition_layer_minus_1():
    shape = SampleShape(((1, 1),) * 3, 1, (1, 2))
    assert image_positions(shape, "layer3d")[:, 0].tolist() == [0, 1, 2, -1, -1]
    assert image_positions(shape, "plain2d")[:, 0].tolist() == [0, 0, 0, 0, 0]


def test_no_condition_means_that_nothing_is_layer_minus_1():
    assert image_positions(SampleShape(((1, 1),) * 3, 1), "layer3d")[:, 0].tolist() == [0, 1, 2]


def test_text_starts_behind_the_largest_side_and_behind_all_layers():
    assert text_positions(SampleShape(((4, 10),), 2)).tolist() == [[5, 5, 5], [6, 6, 6]]
    assert text_positions(SampleShape(((4, 10),), 1, (14, 4)))[0, 0] == 7
    assert text_positions(SampleShape(((2, 2),) * 6, 1))[0, 0] == 6


def test_attention_depends_on_the_distance_alone():
    """The product of a turned query and a turned key is the same wherever both are moved."""
    q, k = torch.randn(2, 1, 1, 32)
    near = rotation(torch.tensor([[0, 1, 2], [3, -1, 7]]), CONFIG)
    far = rotation(torch.tensor([[5, 11, -8], [8, 9, -3]]), CONFIG)

    def product(turn):
        cos, sin = turn
        return (rotate(q, (cos[:1], sin[:1])) * rotate(k, (cos[1:], sin[1:]))).sum()

    torch.testing.assert_close(product(near), product(far), atol=1e-5, rtol=1e-5)


def test_adjacent_pairs_turn():
    turn = rotation(torch.tensor([[1, 0, 0]]), CONFIG)
    x = torch.zeros(1, 1, 32)
    x[..., 0] = 1
    turned = rotate(x, turn)[0, 0]
    assert math.isclose(turned[0], math.cos(1), abs_tol=1e-6)
    assert math.isclose(turned[1], math.sin(1), abs_tol=1e-6)
    assert turned[2:].abs().max() == 0
