"""A rank knows itself by the launcher's variables, and says what is wrong with them."""

import os

import pytest
import torch

from tests.training.on_ranks import free_port, on_ranks
from training.distributed import RankLost, Ranks, is_loss, join, naming_the_lost


@pytest.mark.parametrize(
    ("variables", "shared", "said"),
    [
        ({"RANK": "x"}, 1, "RANK is 'x' in the environment"),
        ({"WORLD_SIZE": "-2"}, 1, "WORLD_SIZE is '-2'"),
        ({"WORLD_SIZE": "2"}, 1, "WORLD_SIZE is 2 in the environment and MASTER_ADDR is not set"),
        ({"WORLD_SIZE": "3"}, 2, "sequence_parallel is 2; 3 ranks cannot be shared out by it"),
    ],
)
def test_a_launcher_that_says_nonsense_is_told(monkeypatch, variables, shared, said):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=said):
        join("cpu", shared, 10)


def test_ranks_that_do_not_come_are_lost(monkeypatch):
    variables = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RankLost, match="the ranks could not meet"):
        join("cpu", 1, 1)


def test_a_gpu_that_is_asked_for_must_be_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"engine\.device is 'cuda', and torch finds no GPU"):
        join("cuda", 1, 10)


def test_ranks_of_a_sequence_group_share_their_samples():
    ranks = [Ranks(rank, 8, torch.device("cpu"), 4) for rank in range(8)]
    assert [(one.group, one.place) for one in ranks] == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (1, 3)]
    assert {one.groups for one in ranks} == {2}


def said(ranks):
    ranks.barrier()
    values = ranks.summed(torch.tensor([1.0, ranks.rank]))
    return values.tolist(), ranks.gathered(f"rank {ranks.rank}"), ranks.heard((f"from {ranks.rank}",))


def ranks_of_this_machine(ranks):
    told = ranks.here
    del os.environ["LOCAL_WORLD_SIZE"]  # as `deepspeed` leaves it
    return told, ranks.here


def test_ranks_of_a_machine_are_counted_where_no_launcher_does():
    assert on_ranks(2, ranks_of_this_machine) == [(2, 2)] * 2


def test_ranks_hear_each_other():
    assert on_ranks(2, said) == [([2.0, 1.0], ["rank 0", "rank 1"], ("from 0",))] * 2


def test_a_rank_that_is_gone_is_told_from_a_defect():
    with pytest.raises(RankLost, match="could not sum"), naming_the_lost("sum"):
        raise RuntimeError("Connection closed by peer [127.0.0.1]:4")
    with pytest.raises(RuntimeError, match="shape") as error, naming_the_lost("sum"):
        raise RuntimeError("a wrong shape")
    assert not is_loss(error.value)
