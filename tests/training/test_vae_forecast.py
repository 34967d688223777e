"""What the VAE stage is said to take is what it takes, and what would make it fit does."""

from dataclasses import replace

import pytest

from model.configs import VAE_CONFIGS
from tests.training.forecast_probe import whole_step
from tests.training.on_ranks import on_ranks
from tests.training.vae_runs import config_of, draw_dataset
from training.configuration import RunConfig, Schedule, VaeStage
from training.footprint import RESERVE_BYTES
from training.forecast import Gpus
from training.places import is_dealt, most_crops
from training.plan import plan
from training.vae_forecast import vae_memory, vae_remedies, vae_step_seconds
from training.vae_work import forward_flops

VAE = VAE_CONFIGS["qwen_image"]
CONFIG = RunConfig(stage="vae", schedule=Schedule(batch=64), vae=VaeStage(micro_batch=8))
GIB = 1 << 30


def test_steps_of_crops_take_what_the_plan_says(tmp_path):
    """Without what is assumed beside tensors."""
    config = config_of(draw_dataset(tmp_path), crop_px=64, adversarial=0.5, adversarial_start=0)
    (most,) = on_ranks(1, whole_step, config, str(tmp_path / "run"))
    facts, _ = plan(config, Gpus(1, 80 * GIB, 1e15), None)
    assert facts["memory_gib"]["peak"] * GIB - RESERVE_BYTES == pytest.approx(most, rel=0.1)


def test_computing_again_takes_less_memory_and_more_time():
    again = replace(CONFIG, network=replace(CONFIG.network, recompute="full"))
    gpus = Gpus(8, 80 * GIB, 1e15, 0.5)
    kept, less = (vae_memory(one, VAE, 8).activations for one in (CONFIG, again))
    assert less < kept / 2
    once, twice = (vae_step_seconds(one, VAE, gpus) for one in (CONFIG, again))
    forward = 8 * forward_flops(VAE, CONFIG.vae.crop_px) / 5e14
    assert once == pytest.approx(3 * forward, rel=0.05)
    assert 0 < twice - once <= forward


@pytest.mark.parametrize("memory_gib", [3, 6])
def test_what_would_make_crops_fit_does(memory_gib):
    gpus = Gpus(8, memory_gib * GIB, 1e15)
    ways = vae_remedies(CONFIG, VAE, gpus)
    assert ways or memory_gib == 3
    for way in ways:
        name, value = way.split("=")
        config, count = CONFIG, gpus.count
        if name == "GPUS":
            count = int(value)
        elif name == "vae.micro_batch":
            config = replace(CONFIG, vae=replace(CONFIG.vae, micro_batch=int(value)))
            assert most_crops(config, 8) == int(value)
        elif name == "network.recompute":
            config = replace(CONFIG, network=replace(CONFIG.network, recompute=value))
        else:
            config = replace(CONFIG, engine=replace(CONFIG.engine, offload_optimizer=True))
        assert vae_memory(config, VAE, count).peak <= gpus.memory_bytes


def test_no_setting_is_named_that_leaves_a_rank_without_a_crop():
    config = replace(CONFIG, schedule=Schedule(batch=9), vae=VaeStage(micro_batch=3))
    assert not is_dealt(replace(config, vae=VaeStage(micro_batch=1)), 2)
    ways = vae_remedies(config, VAE, Gpus(2, 6 * GIB, 1e15))
    assert not [way for way in ways if way.startswith("vae.micro_batch")]
