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
    "init.condition_vae": "test_an_rgb_vae_encodes_the_picture_to_decompose",
    "network.mmdit": "test_a_new_transformer_has_the_size_and_the_rope_that_are_asked_for",
    "network.rope": "test_a_new_transformer_has_the_size_and_the_rope_that_are_asked_for",
    "network.vae": "test_an_exported_vae_is_diffusers_and_its_latents_have_mean_0_and_deviation_1",
    "network.text": "test_a_random_text_encoder_must_be_asked_for",
    "network.recompute": "test_packs_ranks_and_sequence_groups_change_no_loss_and_no_gradient",
    "network.compile": "test_compiled_blocks_learn_the_same",
    "lora.rank": "test_the_file_says_what_was_configured",
    "lora.alpha": "test_what_is_exported_is_what_was_trained",
    "lora.targets": "test_what_is_targeted_is_trained",
    "data.sources": "test_an_epoch_takes_every_usable_sample_once",
    "data.split": "test_every_sample_of_every_split_is_there_once",
    "data.resolutions": "test_the_resolution_is_the_largest_that_the_sample_reaches",
    "data.max_layers": "test_why_a_sample_is_not_used",
    "data.max_text_tokens": "test_a_long_prompt_is_cut_to_the_tokens_that_are_allowed",
    "data.pack_tokens": "test_packs_ranks_and_sequence_groups_change_no_loss_and_no_gradient",
    "data.workers": "test_results_come_in_the_order_of_their_packs",
    "data.ahead": "test_no_more_is_read_in_advance_than_asked",
    "data.variants": "test_a_sample_s_recipes_come_in_turn_whatever_the_seed",
    "data.latents": "test_training_has_the_same_losses_from_latents_and_from_pixels",
    "data.skip": "test_a_sample_that_is_named_is_left_out_and_counted",
    "tasks.weights": "test_tasks_and_chances_have_their_shares",
    "tasks.caption_dropout": "test_tasks_and_chances_have_their_shares",
    "tasks.layer_pictures": "test_tasks_and_chances_have_their_shares",
    "tasks.merge": "test_tasks_and_chances_have_their_shares",
    "tasks.blanks": "test_tasks_and_chances_have_their_shares",
    "tasks.most_blanks": "test_the_blanks_that_may_come_are_foreseen",
    "tasks.composite_weight": "test_a_sample_counts_one_whatever_its_composite_weighs",
    "tasks.languages": "test_why_a_sample_is_not_used",
    "tasks.hidden_text": "test_texts_of_the_file_follow_their_share_of_captions_of_layered_tasks",
    "tasks.text_order": "test_texts_of_the_file_follow_their_share_of_captions_of_layered_tasks",
    "flow.mean": "test_levels_are_logit_normal_over_positions",
    "flow.deviation": "test_levels_are_logit_normal_over_positions",
    "flow.shift": "test_a_shift_makes_levels_higher",
    "schedule.steps": "test_a_run_that_was_stopped_twice_ends_with_the_same_bits",
    "schedule.batch": "test_a_step_has_its_positions_once_for_any_number_of_ranks",
    "schedule.lr": "test_the_rate_grows_and_stays",
    "schedule.warmup": "test_the_rate_grows_and_stays",
    "schedule.cooldown": "test_the_rate_falls_over_the_last_steps",
    "schedule.betas": "test_weights_are_those_of_plain_adam",
    "schedule.eps": "test_weights_are_those_of_plain_adam",
    "schedule.weight_decay": "test_weights_are_those_of_plain_adam",
    "schedule.clip": "test_weights_are_those_of_plain_adam",
    "schedule.ema": "test_the_average_is_that_of_whole_weights",
    "engine.zero": "test_the_stages_of_zero_have_the_same_losses_weights_and_average",
    "engine.offload_optimizer": "test_losses_and_norms_are_those_of_one_batch_without_packs",
    "engine.offload_parameters": "test_losses_and_norms_are_those_of_one_batch_without_packs",
    "engine.precision": "test_bf16_follows_float32_within_its_rounding",
    "engine.sequence_parallel": "test_packs_ranks_and_sequence_groups_change_no_loss_and_no_gradient",
    "engine.device": "test_a_gpu_that_is_asked_for_must_be_there",
    "engine.timeout_s": "test_a_rank_that_is_lost_ends_the_run_with_a_message",
    "engine.peak_tflops": "test_utilisation_is_of_the_peak_that_is_given",
    "checkpoints.every": "test_checkpoints_come_when_they_are_due",
    "checkpoints.keep": "test_only_the_last_are_kept",
    "validation.every": "test_validation_changes_nothing",
    "validation.samples": "test_validation_takes_so_many_samples_of_its_split",
    "validation.split": "test_validation_takes_so_many_samples_of_its_split",
    "validation.pictures": "test_so_many_samples_are_drawn_with_their_prompts",
    "validation.pictures_every": "test_pictures_change_nothing_and_come_when_they_are_due",
    "validation.sampling_steps": "test_guidance_asks_twice",
    "validation.guidance": "test_guidance_asks_twice",
    "vae.image_channels": "test_an_rgb_vae_is_trained_for_the_ablation",
    "vae.crop_px": "test_a_crop_is_a_window_of_its_picture",
    "vae.micro_batch": "test_losses_and_gradients_do_not_depend_on_how_crops_are_dealt",
    "vae.rgb_share": "test_shares_are_as_configured",
    "vae.layer_share": "test_shares_are_as_configured",
    "vae.reconstruction": "test_parts_add_up_to_the_loss",
    "vae.alpha": "test_parts_add_up_to_the_loss",
    "vae.edges": "test_parts_add_up_to_the_loss",
    "vae.perceptual": "test_parts_add_up_to_the_loss",
    "vae.kl": "test_parts_add_up_to_the_loss",
    "vae.lpips": "test_lpips_judges_where_its_weights_are_given",
    "vae.adversarial": "test_a_run_with_an_adversary_that_stops_and_goes_on_is_the_run_that_never_stopped",
    "vae.adversarial_start": "test_a_run_with_an_adversary_that_stops_and_goes_on_is_the_run_that_never_stopped",
}


def options(kind: Any = RunConfig, where: str = "") -> Iterator[str]:
    types = get_type_hints(kind)
    for field in fields(kind):
        name = f"{where}{field.name.rstrip('_')}"
        if is_dataclass(types[field.name]):
            yield from options(types[field.name], f"{name}.")
        else:
            yield name


def named_tests() -> set[str]:
    found = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("option", list(options()))
def test_every_option_has_a_test(option: str) -> None:
    assert TESTED.get(option) in named_tests()
