"""Held-out pictures are decomposed by the networks of the run, always alike, and scored against the truth."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.lone_rank import LONE
from tests.training.tiny_parts import tiny_config, vae_run
from training.configuration import Validation
from training.layered_work import LayeredWork


@pytest.fixture(scope="module")
def config(dataset, tmp_path_factory):
    start = vae_run(tmp_path_factory.mktemp("vae") / "run")
    config = tiny_config("3", dataset, start, "data.max_layers=6")
    return replace(config, validation=Validation(every=0, split="train", pictures=2, sampling_steps=2))


@pytest.fixture(scope="module")
def work(config, tmp_path_factory):
    return LayeredWork(config, tmp_path_factory.mktemp("run"), LONE)


@pytest.fixture(scope="module")
def shown(work):
    return work.pictures(LONE)


def test_so_many_samples_are_drawn_with_their_prompts(work, shown):
    assert len(shown) == 2
    examples = work._pictures._read(work._pictures._planned)
    assert [one.prompt for one in shown] == [example.prompt for example in examples]
    assert all(one.name.startswith(planned_key(work, place)) for place, one in enumerate(shown))


def planned_key(work, place):
    planned = work._pictures._planned[place]
    return work._indexes[planned.source].facts(planned.index).key


def test_asked_again_it_draws_the_same_and_no_random_number(work, shown):
    state = torch.random.get_rng_state()
    again = work.pictures(LONE)
    assert torch.equal(torch.random.get_rng_state(), state)
    for one, other in zip(again, shown, strict=True):
        assert one.figures == other.figures
        assert np.array_equal(one.sheet, other.sheet)


def test_a_network_in_training_stays_in_training(work, shown):
    assert all(module.training for module in work.module.modules())


def test_the_network_is_told_how_many_layers_and_asked_for_all_there_may_be(work, monkeypatch):
    """2 steps for each; the condition's frame is one more."""
    frames = []
    hook = work.module.register_forward_pre_hook(lambda _, given: frames.append(len(given[0].layout.shapes[0].frames)))
    work.pictures(LONE)
    hook.remove()
    true = [one.recipe.frames for one in work._pictures._planned]
    assert frames == [count for own in true for count in (own, own, 7, 7)]


def test_without_blank_frames_nothing_learns_to_stop_and_is_not_asked(config, tmp_path):
    work = LayeredWork(replace(config, tasks=replace(config.tasks, blanks=0.0)), tmp_path, LONE)
    assert not any("auto" in name for one in work.pictures(LONE) for name in one.figures)


@pytest.mark.parametrize(("guidance", "branches"), [(1.0, 1), (3.0, 2)])
def test_guidance_asks_twice(config, tmp_path, guidance, branches):
    validation = replace(config.validation, guidance=guidance, sampling_steps=3)
    work = LayeredWork(replace(config, validation=validation), tmp_path, LONE)
    asked = []
    work.module.register_forward_pre_hook(lambda _, given: asked.append(len(given[0].sigma_B)))
    work.pictures(LONE)
    assert asked == [branches] * 12  # 3 steps, with and without the number of layers, 2 samples


def test_a_split_of_too_few_samples_is_told(config, tmp_path):
    validation = replace(config.validation, pictures=500)
    work = LayeredWork(replace(config, validation=validation), tmp_path, LONE)
    count = len(work._pictures)
    assert f"of 500 pictures of the validation there are samples for {count}" in work.notices()
