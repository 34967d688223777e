"""Every step is planned before it is made: all its samples, once, the same on any number of ranks, within memory."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.configs import MMDIT_CONFIGS
from tests.training.made_index import caption, index_of, row
from training.configuration import Engine, RunConfig, Schedule
from training.data_options import Data, Source, Tasks
from training.planner import Planner
from training.recipes import Task

TINY = MMDIT_CONFIGS["tiny"]
STRIDE = 8


def config_of(batch=8, pack_tokens=2000, sources=1, **tasks):
    return RunConfig(
        data=Data(
            sources=tuple(Source(f"source-{number}", 1.0 + number) for number in range(sources)),
            resolutions=(64,),
            pack_tokens=pack_tokens,
        ),
        tasks=Tasks({Task.IMAGE_TO_LAYERS: 1.0}, blanks=0.3, merge=0.3, **tasks),
        schedule=Schedule(batch=batch),
    )


def designs(count, first=0):
    return index_of(
        [row(first + n, layers=2 + n % 19, opaque=n % 3 > 0, width=500 + 90 * (n % 7)) for n in range(count)]
    )


def planned_of(packs):
    return sorted((one for row in packs for pack in row for one in pack), key=lambda one: one.position)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(0, 3), st.sampled_from([8, 12, 20]))
def test_a_step_has_its_positions_once_for_any_number_of_ranks(step, seed, batch):
    config = replace(config_of(batch, sources=2), seed=seed)
    indexes = [designs(23), designs(5, first=100)]
    steps = {ranks: Planner(indexes, config, ranks, TINY, STRIDE).step(step) for ranks in (1, 2, 4)}
    assert [one.position for one in planned_of(steps[1])] == list(range(step * batch, (step + 1) * batch))
    assert planned_of(steps[1]) == planned_of(steps[2]) == planned_of(steps[4])
    for ranks, packs in steps.items():
        assert all(len(micro_step) == ranks and all(micro_step) for micro_step in packs)
        assert all(sum(one.shape.tokens for one in pack) <= 2000 for row in packs for pack in row)


def test_an_epoch_takes_every_usable_sample_once():
    index = index_of([row(n, layers=1 + n % 3) for n in range(24)])  # a third of them have a single layer
    planner = Planner([index], config_of(), 2, TINY, STRIDE)
    taken = [one.index for step in range(2) for one in planned_of(planner.step(step))]
    assert sorted(taken) == planner.samples[0].rows.tolist() == [n for n in range(24) if n % 3]
    assert {reason: rows.tolist() for reason, rows in planner.samples[0].excluded.items()} == {
        "a single layer": list(range(0, 24, 3))
    }


def test_ranks_that_share_a_sequence_have_the_room_of_all_of_them():
    config = replace(config_of(pack_tokens=250), engine=Engine(sequence_parallel=2))
    index = index_of([row(n, layers=20) for n in range(8)])
    with pytest.raises(ValueError, match="more tokens than a pack has"):
        Planner([index], config_of(pack_tokens=250), 1, TINY, STRIDE)
    assert Planner([index], config, 1, TINY, STRIDE).budget == 500


@pytest.mark.parametrize(
    ("changes", "ranks", "message"),
    [
        ({"batch": 2}, 4, "schedule.batch is 2, for 4 ranks; it must be 4 or more"),
        ({"batch": 40}, 4, "25 samples can be used, fewer than schedule.batch, 40; left out: 5 a single layer"),
        (
            {"pack_tokens": 100},
            4,
            r"train-000001.tar 0{15}5, .*; set data.pack_tokens to \d+ or more",
        ),
        (
            {"batch": 9, "pack_tokens": 500},
            4,
            r"batch is 9, for 4 ranks, .*: make the batch a multiple of 4",
        ),
        ({"sources": 2}, 4, "data.sources names 2 sources, and there are 1 indexes"),
    ],
)
def test_what_cannot_be_planned_is_told_at_once(changes, ranks, message):
    layers = [1] * 5 + [2 + n % 19 for n in range(25)]
    index = index_of([row(n, layers=count) for n, count in enumerate(layers)])
    with pytest.raises(ValueError, match=message):
        Planner([index], config_of(**changes), ranks, TINY, STRIDE)


def test_a_source_that_is_of_no_use_says_why():
    rows = [row(0, layers=1), row(1, captions=[caption(flags=1)])]
    config = replace(config_of(), tasks=Tasks({Task.TEXT_TO_LAYERS: 1.0}), stage="2")
    message = "source-0 holds no sample that stage 2 can use: 1 a single layer, 1 no caption without fault"
    with pytest.raises(ValueError, match=message):
        Planner([index_of(rows)], config, 1, TINY, STRIDE)


def test_the_blanks_that_may_come_are_foreseen():
    """A sample that is short at first and over the budget with blanks is refused before the first step."""
    index = index_of([row(n, layers=2) for n in range(8)])
    tokens = 16 * (1 + 2 + 1) + 20
    assert Planner(
        [index], replace(config_of(pack_tokens=90), tasks=Tasks({Task.IMAGE_TO_LAYERS: 1.0})), 8, TINY, STRIDE
    )
    with pytest.raises(ValueError, match=f"{tokens + 4 * 16}"):
        Planner([index], config_of(pack_tokens=90), 8, TINY, STRIDE)
