"""All ranks go through as many held-out samples, and each sample counts once."""

import pytest
from torch import nn

from tests.training.made_index import index_of, row
from training.configuration import RunConfig
from training.data_options import Tasks
from training.held_out import chosen, evaluated, rounds
from training.recipes import Task

CONFIG = RunConfig(tasks=Tasks({Task.IMAGE_TO_LAYERS: 1.0}))


@pytest.mark.parametrize("parts", [1, 2, 3, 5, 8])
def test_parts_take_as_many_and_each_sample_counts_once(parts):
    planned = chosen([index_of([row(number) for number in range(5)])], CONFIG, 16, 5)
    taken = [list(rounds(planned, part, parts)) for part in range(parts)]
    assert len({len(own) for own in taken}) == 1
    counted = [one.position for own in taken for one, is_own in own if is_own]
    assert sorted(counted) == list(range(5))


def test_of_none_there_is_no_round():
    assert not list(rounds([], 0, 2))


@pytest.mark.parametrize("was_training", [True, False])
def test_a_network_trains_afterwards_as_it_did_before(was_training):
    module = nn.Dropout().train(was_training)
    with evaluated(module):
        assert not module.training
    assert module.training == was_training
