"""Every sample is in one pack, no pack is over the budget, and ranks have alike to do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.configs import MMDIT_CONFIGS
from model.flops import forward_flops
from model.packing import SampleShape
from training.packs import imbalance, pack_step


def quadratic(tokens):
    return [float(s + 1e-4 * s * s) for s in tokens]


@given(st.lists(st.integers(1, 100), min_size=8, max_size=60), st.integers(1, 8), st.integers(200, 500))
def test_every_sample_is_in_one_pack_within_the_budget(tokens, ranks, budget):
    step = pack_step(tokens, quadratic(tokens), ranks, budget)
    packs = [pack for micro_step in step.packs for pack in micro_step]
    assert sorted(place for pack in packs for place in pack) == list(range(len(tokens)))
    assert all(len(micro_step) == ranks for micro_step in step.packs)
    assert all(packs)
    assert max(sum(tokens[place] for place in pack) for pack in packs) <= budget


def test_fewer_samples_than_ranks_are_refused():
    with pytest.raises(ValueError, match="a step of 3 samples leaves some of 4 ranks without one"):
        pack_step([1, 1, 1], [1.0] * 3, 4, 10)


def test_samples_that_find_no_room_are_refused():
    with pytest.raises(ValueError, match="raise the budget"):
        pack_step([60] * 3, [1.0] * 3, 2, 60)  # three packs, which two ranks cannot take in whole micro-steps


@given(st.lists(st.integers(1, 100), min_size=8, max_size=40), st.integers(0, 5))
def test_the_same_samples_give_the_same_packs(tokens, seed):
    assert pack_step(tokens, quadratic(tokens), 2, 10_000) == pack_step(tokens, quadratic(tokens), 2, 10_000)


def test_ranks_do_alike_on_a_mix_of_1_to_20_layers():
    """At most 2 % over the mean on 8 ranks, in FLOPs of the real size at 640 x 640."""
    rng = np.random.default_rng(0)
    config = MMDIT_CONFIGS["qwen_image_20b"]
    for _ in range(5):
        shapes = [
            SampleShape(((40, 40),) * (1 + int(n)), int(t), (40, 40))
            for n, t in rng.integers((1, 40), (21, 400), (128, 2))
        ]
        cost = [float(forward_flops([shape], config)) for shape in shapes]
        step = pack_step([shape.tokens for shape in shapes], cost, ranks=8, budget=64_000)
        assert imbalance(step, cost) < 0.02


def test_one_pack_holds_what_fits():
    step = pack_step([10, 20, 30], [1, 2, 3], ranks=1, budget=60)
    assert step.packs == (((0, 1, 2),),)
    assert step.micro_steps == 1
    assert imbalance(step, [1, 2, 3]) == 0


def test_no_more_micro_steps_than_memory_asks_for():
    assert pack_step([50] * 8, [1.0] * 8, ranks=2, budget=100).micro_steps == 2


def test_a_sample_that_fits_nowhere_is_refused():
    with pytest.raises(ValueError, match="a sample of 61 tokens is over the budget of 60"):
        pack_step([1, 61], [1, 1], 1, 60)


@pytest.mark.parametrize(("count", "most"), [(64, 0.05), (128, 0.02), (256, 0.02)])
def test_ranks_do_alike_where_few_samples_are_long(count, most):
    """Most designs have few layers; a long one must find packs as dear to run beside."""
    rng = np.random.default_rng(0)
    config = MMDIT_CONFIGS["qwen_image_20b"]
    layers = np.minimum(20, 1 + rng.geometric(0.2, count))
    shapes = [SampleShape(((40, 40),) * (1 + int(n)), 100, (40, 40)) for n in layers]
    cost = [float(forward_flops([shape], config)) for shape in shapes]
    step = pack_step([shape.tokens for shape in shapes], cost, ranks=8, budget=49_152)
    assert imbalance(step, cost) < most


@given(st.lists(st.integers(1, 100), min_size=8, max_size=60), st.integers(1, 8), st.integers(100, 500))
def test_room_is_found_for_a_multiple_of_the_ranks_and_where_two_of_the_longest_fit(tokens, ranks, budget):
    if 2 * max(tokens) > budget:
        tokens = tokens[: len(tokens) // ranks * ranks]
    pack_step(tokens, quadratic(tokens), ranks, budget)
