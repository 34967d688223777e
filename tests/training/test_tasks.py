"""What is made of a sample is a function of the seed and the position, fits the run, and never lends a caption."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.configuration import RunConfig
from training.data_options import Data, Tasks
from training.index import CaptionFacts, SampleFacts
from training.recipes import COMPOSITE, Task, TextOrder
from training.tasks import draw, shape_of, unusable

ALL = dict.fromkeys(Task, 1.0)


def caption(layer=COMPOSITE, language="en", flags=0, tokens=20):
    return CaptionFacts(layer, language, "long", tokens, flags, tokens + 5, tokens + 7)


WHOLE = (caption(),)


def sample(layers=5, captions=WHOLE, opaque=True, width=800, height=600):
    kind = "layered" if layers > 1 else "single" if layers else "flat"
    return SampleFacts("0123456789abcdef", kind, width, height, layers, opaque, tuple(captions), empty_tokens=6)


captions_st = st.builds(
    caption, st.integers(COMPOSITE, 1), st.sampled_from(["en", "zh"]), st.integers(0, 1), st.integers(1, 500)
)
samples_st = st.builds(
    sample,
    st.integers(0, 20),
    st.lists(captions_st, max_size=5),
    st.booleans(),
    st.integers(1, 4000),
    st.integers(1, 4000),
)
tasks_st = st.builds(
    Tasks,
    weights=st.dictionaries(st.sampled_from(Task), st.floats(0.1, 9), min_size=1),
    caption_dropout=st.sampled_from([0.0, 0.5]),
    layer_pictures=st.sampled_from([0.0, 0.5, 1.0]),
    merge=st.sampled_from([0.0, 1.0]),
    blanks=st.sampled_from([0.0, 1.0]),
    most_blanks=st.integers(1, 6),
    languages=st.sampled_from([(), ("en",), ("zh",)]),
    hidden_text=st.sampled_from([0.0, 0.5]),
)
data_st = st.builds(Data, resolutions=st.sampled_from([(64,), (64, 640), (1024, 640)]), max_layers=st.integers(2, 20))


@given(samples_st, tasks_st, data_st, st.integers(0, 9), st.integers(0, 2**40))
def test_every_recipe_is_sound(facts, tasks, data, seed, position):
    reason = unusable(facts, RunConfig(tasks=tasks, data=data))
    if reason is not None:
        return
    recipe = draw(facts, tasks, data, seed, position)
    assert recipe == draw(facts, tasks, data, seed, position)
    assert recipe.task in tasks.weights
    assert recipe.frames <= 1 + (data.max_layers if recipe.task.is_layered else 0)
    if recipe.caption is not None:
        own = facts.captions[recipe.caption]
        assert (own.layer, own.flags) == (recipe.picture, 0)
        assert not tasks.languages or own.language in tasks.languages
    if recipe.task.is_layered:
        edges = [edge for group in recipe.groups for edge in group]
        assert (edges[0], edges[-1]) == (0, facts.layers)
        assert all(first < last for first, last in recipe.groups)
        assert all(one[1] == two[0] for one, two in pairwise(recipe.groups))
        assert (recipe.ground is None) == facts.opaque
        assert len(recipe.groups) > 1 or data.max_layers == 2
    else:
        assert (recipe.ground is None) == (recipe.task is Task.TEXT_TO_RGBA)


@given(samples_st, tasks_st, data_st)
def test_what_is_unusable_cannot_be_drawn_and_is_told_why(facts, tasks, data):
    reason = unusable(facts, RunConfig(tasks=tasks, data=data))
    if reason is not None:
        with pytest.raises(ValueError, match=r"serves none of the tasks|too long and thin"):
            draw(facts, tasks, data, 0, 0)


def test_positions_and_seeds_differ():
    facts, tasks = sample(opaque=False), Tasks({Task.IMAGE_TO_LAYERS: 1.0})
    grounds = {draw(facts, tasks, Data(), seed, position).ground for seed in range(5) for position in range(40)}
    assert len(grounds) > 190


def test_tasks_and_chances_have_their_shares():
    facts = sample(12, [caption(), caption(layer=3), caption(layer=4)], opaque=False)
    weights = {Task.TEXT_TO_RGB: 1.0, Task.TEXT_TO_RGBA: 1.0, Task.TEXT_TO_LAYERS: 2.0}
    tasks = Tasks(weights, caption_dropout=0.1, layer_pictures=0.25, merge=0.3, blanks=0.2)
    recipes = [draw(facts, tasks, Data(), 0, position) for position in range(4000)]
    layered = [recipe for recipe in recipes if recipe.task.is_layered]
    pictures = Counter(recipe.picture for recipe in recipes if not recipe.task.is_layered)
    assert abs(len(layered) / 4000 - 0.5) < 0.03
    assert abs(sum(recipe.caption is None for recipe in recipes) / 4000 - 0.1) < 0.02
    assert abs(sum(len(recipe.groups) < 12 for recipe in layered) / len(layered) - 0.3) < 0.04
    assert abs(sum(recipe.blanks > 0 for recipe in layered) / len(layered) - 0.2) < 0.04
    assert set(pictures) == {COMPOSITE, 3, 4}
    assert abs(pictures[COMPOSITE] / pictures.total() - 0.75) < 0.04
    assert {len(recipe.groups) for recipe in layered} == set(range(2, 13))
    assert {recipe.blanks for recipe in layered} == {0, 1, 2, 3, 4}


def test_texts_of_the_file_follow_their_share_of_captions_of_layered_tasks():
    tasks = Tasks(ALL, caption_dropout=0.5, hidden_text=0.3, text_order=TextOrder.STACKING)
    recipes = [draw(sample(), tasks, Data(), 0, position) for position in range(4000)]
    told = [recipe.texts for recipe in recipes if recipe.task.is_layered and recipe.caption is not None]
    assert abs(told.count(TextOrder.STACKING) / len(told) - 0.3) < 0.05
    assert {recipe.texts for recipe in recipes if not recipe.task.is_layered or recipe.caption is None} == {None}


def test_texts_of_the_file_change_nothing_else():
    facts, tasks = sample(opaque=False), Tasks(ALL, merge=0.5, blanks=0.5)
    for position in range(200):
        own = draw(facts, replace(tasks, hidden_text=1.0), Data(), 0, position)
        assert replace(own, texts=None) == draw(facts, tasks, Data(), 0, position)


def test_the_ground_has_room_even_beside_as_many_layers_as_there_may_be():
    facts, tasks = sample(20, opaque=False), Tasks({Task.IMAGE_TO_LAYERS: 1.0}, blanks=1.0)
    recipe = draw(facts, tasks, Data(max_layers=20), 0, 0)
    assert (len(recipe.groups), recipe.blanks, recipe.frames) == (19, 0, 21)


def test_a_layer_without_a_caption_is_never_a_picture():
    facts = sample(3, [caption(), caption(layer=1, flags=1), caption(layer=2)])
    tasks = Tasks({Task.TEXT_TO_RGBA: 1.0}, layer_pictures=1.0)
    assert {draw(facts, tasks, Data(), 0, position).picture for position in range(50)} == {2}


@pytest.mark.parametrize(
    ("area", "size"), [((300, 200), (768, 512)), ((640, 640), (640, 640)), ((4000, 2000), (1440, 736))]
)
def test_the_resolution_is_the_largest_that_the_sample_reaches(area, size):
    facts = sample(width=area[0], height=area[1])
    assert draw(facts, Tasks(ALL), Data(resolutions=(1024, 640)), 0, 0).size == size


def test_shapes_count_frames_the_condition_and_the_text():
    facts, data = sample(3, [caption(tokens=77)], opaque=False), Data(resolutions=(640,))
    recipe = draw(facts, Tasks({Task.IMAGE_TO_LAYERS: 1.0}, caption_dropout=0.0), data, 0, 0)
    shape = shape_of(recipe, facts, token_px=16)
    grid = (recipe.size[1] // 16, recipe.size[0] // 16)
    assert (shape.frames, shape.condition, shape.text) == ((grid,) * 5, grid, 77)
    dropped = replace(recipe, caption=None, task=Task.TEXT_TO_LAYERS)
    assert shape_of(dropped, facts, 16).text == 6
    assert shape_of(dropped, facts, 16).condition is None


@pytest.mark.parametrize(
    ("facts", "weights", "reason"),
    [
        (sample(9), {Task.IMAGE_TO_LAYERS: 1}, "more than 8 layers"),
        (sample(1), {Task.IMAGE_TO_LAYERS: 1}, "a single layer"),
        (sample(0), {Task.IMAGE_TO_LAYERS: 1, Task.TEXT_TO_LAYERS: 1}, "no layers"),
        (sample(0, []), {Task.TEXT_TO_RGB: 1}, "no caption"),
        (sample(3, []), {Task.TEXT_TO_LAYERS: 1}, "no caption"),
        (sample(3, [caption(flags=2)]), {Task.TEXT_TO_LAYERS: 1}, "no caption without fault in en"),
        (sample(3, [caption(language="zh")]), {Task.TEXT_TO_RGB: 1}, "no caption without fault in en"),
        (sample(1, []), {Task.TEXT_TO_RGB: 1, Task.TEXT_TO_LAYERS: 1}, "no caption; a single layer"),
        (sample(width=9000, height=1), {Task.IMAGE_TO_LAYERS: 1}, "too long and thin"),
        (sample(3, []), {Task.IMAGE_TO_LAYERS: 1}, None),
        (sample(9), {Task.IMAGE_TO_LAYERS: 1, Task.TEXT_TO_RGB: 1}, None),
        (sample(3, [caption(layer=0)]), {Task.TEXT_TO_RGBA: 1}, None),
        (sample(3), {Task.TEXT_TO_LAYERS: 1, Task.TEXT_TO_RGB: 0}, None),
    ],
)
def test_why_a_sample_is_not_used(facts, weights, reason):
    config = RunConfig(tasks=Tasks(weights, languages=("en",)), data=Data(max_layers=8))
    assert unusable(facts, config) == reason
