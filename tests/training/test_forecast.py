"""Time follows the arithmetic of the slowest rank; what would make a run fit does make it fit."""

from dataclasses import replace

import pytest
import yaml

from model.configs import MMDIT_CONFIGS, VAE_CONFIGS
from model.flops import forward_flops
from model.packing import SampleShape
from training.configuration import Engine, RunConfig
from training.footprint import Load
from training.forecast import Gpus, Networks, forecast_memory, fullest, remedies, step_seconds
from training.network_options import Network
from training.recipes import Planned, Recipe, Task

NETWORKS = Networks(MMDIT_CONFIGS["qwen_image_20b"], VAE_CONFIGS["qwen_image"], 7_070_619_136, 34)
GIB = 1 << 30


def config_of(**engine):
    return RunConfig(stage="vae", engine=Engine(**engine), network=Network(recompute="full", compile=True))


def sample(layers, position=0):
    recipe = Recipe(Task.IMAGE_TO_LAYERS, (640, 640), 0, groups=tuple((n, n + 1) for n in range(layers)))
    return Planned(position, 0, 0, recipe, SampleShape(((40, 40),) * (1 + layers), 100, (40, 40)))


def with_(config, settings):
    """A configuration with settings as a person would give them, the GPUs and the bound of packs."""
    given = dict(setting.split("=") for setting in settings.split())
    gpus, tokens = int(given.pop("GPUS", 0)), int(given.pop("data.pack_tokens", 0))
    plain = {name.split(".")[1]: yaml.safe_load(value) for name, value in given.items()}
    network = replace(config.network, recompute=plain.pop("recompute", config.network.recompute))
    return replace(config, network=network, engine=replace(config.engine, **plain)), gpus, tokens


def test_a_step_takes_as_long_as_its_slowest_ranks():
    config, gpus = config_of(), Gpus(2, 80 * GIB, 1e15, 0.5)
    short, long = (sample(2),), (sample(10),)
    alike = step_seconds(((long, long),), NETWORKS, config, gpus)
    assert step_seconds(((long, short),), NETWORKS, config, gpus) == alike
    both = step_seconds(((long, long), (short, short)), NETWORKS, config, gpus)
    assert both == pytest.approx(alike + step_seconds(((short, short),), NETWORKS, config, gpus))


def test_time_is_that_of_forward_backward_recomputation_and_encoding():
    gpus = Gpus(1, 80 * GIB, 1e15, 0.5)
    packs = (((sample(10),),),)
    again = step_seconds(packs, NETWORKS, config_of(), gpus)
    once = step_seconds(packs, NETWORKS, replace(config_of(), network=Network(recompute="none")), gpus)
    forward = forward_flops([sample(10).shape], NETWORKS.mmdit) / 5e14
    assert again - once == pytest.approx(forward)
    assert 3 * forward < once < 3.1 * forward  # encoding is little beside the real transformer


def test_sequence_parallelism_shares_tokens_and_arithmetic():
    config = config_of(sequence_parallel=2)
    steps = [(((sample(10),),),)]
    assert fullest(steps, NETWORKS, config).tokens == -(-fullest(steps, NETWORKS, config_of()).tokens // 2)
    gpus = Gpus(2, 80 * GIB, 1e15)
    alone, shared = (step_seconds(steps[0], NETWORKS, one, gpus) for one in (config_of(), config))
    assert 0.5 < shared / alone < 0.53


@pytest.mark.parametrize("zero", [1, 3])
@pytest.mark.parametrize("memory_gib", [16, 30, 60, 80, 140])
def test_what_would_make_it_fit_does(zero, memory_gib):
    config, load = config_of(zero=zero), Load(49_152, 1 << 22)
    gpus = Gpus(8, memory_gib * GIB, 1e15)
    assert forecast_memory(config, NETWORKS, 8, load).peak > gpus.memory_bytes or memory_gib == 140
    ways = remedies(config, NETWORKS, gpus, load, 38_000)
    assert ways or memory_gib == 16  # the text encoder alone takes 13 GiB
    for way in ways:
        changed, count, tokens = with_(config, way)
        made = forecast_memory(changed, NETWORKS, count or 8, replace(load, tokens=tokens or load.tokens))
        assert made.peak <= gpus.memory_bytes
