"""What a run can use of an index is what `tasks` says of each sample, and no recipe is longer than foreseen."""

from hypothesis import given
from hypothesis import strategies as st

from tests.training.made_index import caption, index_of, row, rows_st
from training.configuration import RunConfig
from training.data_options import Data, Tasks
from training.eligible import eligible
from training.recipes import Task, TextOrder
from training.tasks import draw, shape_of, unusable

TOKEN_PX = 16

configs_st = st.builds(
    RunConfig,
    data=st.builds(Data, resolutions=st.sampled_from([(64,), (64, 640)]), max_layers=st.integers(2, 20)),
    tasks=st.builds(
        Tasks,
        weights=st.dictionaries(st.sampled_from(Task), st.floats(0.1, 9), min_size=1),
        layer_pictures=st.sampled_from([0.0, 0.5]),
        blanks=st.sampled_from([0.0, 1.0]),
        merge=st.sampled_from([0.0, 1.0]),
        most_blanks=st.integers(1, 6),
        languages=st.sampled_from([(), ("en",), ("zh", "en")]),
        hidden_text=st.sampled_from([0.0, 0.5]),
        text_order=st.sampled_from(TextOrder),
    ),
)


@given(rows_st, configs_st)
def test_every_sample_is_used_or_left_out_for_the_reason_that_tasks_gives(rows, config):
    index = index_of(rows)
    found = eligible(index, config, TOKEN_PX)
    reasons = [unusable(index.facts(number), config) for number in range(len(rows))]
    assert found.rows.tolist() == [number for number, reason in enumerate(reasons) if reason is None]
    told = {int(number): reason for reason, numbers in found.excluded.items() for number in numbers}
    assert told == {number: reason for number, reason in enumerate(reasons) if reason is not None}


@given(rows_st, configs_st, st.integers(0, 1000))
def test_no_recipe_takes_more_tokens_than_foreseen(rows, config, position):
    index = index_of(rows)
    found = eligible(index, config, TOKEN_PX)
    for number, size, most in zip(found.rows.tolist(), found.sizes.tolist(), found.most_tokens.tolist(), strict=True):
        facts = index.facts(number)
        recipe = draw(facts, config.tasks, config.data, config.seed, position)
        assert list(recipe.size) == size
        assert shape_of(recipe, facts, TOKEN_PX).tokens <= most


def test_the_most_is_what_some_recipe_takes():
    config = RunConfig(tasks=Tasks({Task.IMAGE_TO_LAYERS: 1, Task.TEXT_TO_LAYERS: 1}, blanks=1.0, hidden_text=0.5))
    index = index_of([row(0, opaque=False, captions=[caption(further=9)])])
    facts = index.facts(0)
    recipes = (draw(facts, config.tasks, config.data, 0, position) for position in range(200))
    longest = max(shape_of(recipe, facts, TOKEN_PX).tokens for recipe in recipes)
    assert eligible(index, config, TOKEN_PX).most_tokens.tolist() == [longest]


def test_a_sample_that_is_named_is_left_out_and_counted():
    index = index_of([row(number) for number in range(4)])
    config = RunConfig(
        data=Data(resolutions=(64,), skip=(f"{2:016x}", "elsewhere")), tasks=Tasks({Task.IMAGE_TO_LAYERS: 1})
    )
    found = eligible(index, config, TOKEN_PX)
    assert found.rows.tolist() == [0, 1, 3]
    assert {reason: rows.tolist() for reason, rows in found.excluded.items()} == {"named in data.skip": [2]}
