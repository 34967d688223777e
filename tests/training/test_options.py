"""Every option of a run is exercised by a test, which is named here."""

import ast
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from training.configuration import RunConfig

# An option, and the test that fails where it is not heeded.
TESTED = {
    "stage": "test_every_stage_has_a_configuration",
    "seed": "test_another_seed_or_position_has_another",
    "log_every": "test_a_run_that_was_stopped_twice_ends_with_the_same_bits",
    "init.from": "test_a_finished_run_gives_what_it_exported",
    "init.weights": "test_a_finished_run_gives_what_it_exported",
    "init.stages": "test_unless_it_is_allowed",
    "init.vae": "test_a_part_of_its_own_goes_before",
    "init.text": "test_a_part_of_its_own_goes_before",
    "network.mmdit": "test_a_new_transformer_has_the_size_and_the_rope_that_are_asked_for",
    "network.rope": "test_a_new_transformer_has_the_size_and_the_rope_that_are_asked_for",
    "network.recompute": "test_packs_ranks_and_sequence_groups_change_no_loss_and_no_gradient",
    "network.compile": "test_compiled_blocks_learn_the_same",
    "network.text": "test_what_is_wrong_is_one_sentence_before_any_work",
    "data.split": "test_every_sample_of_every_split_is_there_once",
    "engine.zero": "test_the_stages_of_zero_have_the_same_losses_weights_and_average",
    "engine.offload_optimizer": "test_losses_and_norms_are_those_of_one_batch_without_packs",
    "engine.offload_parameters": "test_losses_and_norms_are_those_of_one_batch_without_packs",
    "engine.precision": "test_bf16_follows_float32_within_its_rounding",
    "engine.sequence_parallel": "test_packs_ranks_and_sequence_groups_change_no_loss_and_no_gradient",
    "engine.timeout_s": "test_a_rank_that_is_lost_ends_the_run_with_a_message",
    "schedule.steps": "test_a_run_that_was_stopped_twice_ends_with_the_same_bits",
    "schedule.clip": "test_weights_are_those_of_plain_adam",
    "schedule.lr": "test_the_rate_grows_and_stays",
    "schedule.warmup": "test_the_rate_grows_and_stays",
    "schedule.ema": "test_the_average_is_that_of_whole_weights",
    "checkpoints.keep": "test_only_the_last_are_kept",
    "validation.every": "test_validation_changes_nothing",
}


def options(kind: Any = RunConfig, where: str = "") -> Iterator[str]:
    types = get_type_hints(kind)
    for field in fields(kind):
        name = f"{where}{field.name.rstrip('_')}"
        if is_dataclass(types[field.name]):
            yield from options(types[field.name], f"{name}.")
        else:
            yield name


def tests() -> set[str]:
    found = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("option", list(options()))
def test_every_option_has_a_test(option: str) -> None:
    assert TESTED.get(option) in tests()
