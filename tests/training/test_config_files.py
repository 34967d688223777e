"""Configurations are strict: what is not known, or cannot be, is named in one sentence."""

import re

import pytest
import yaml

from training.config_files import CONFIGS, as_mapping, from_mapping, load_config
from training.configuration import RunConfig
from training.network_options import STAGES
from training.recipes import Task

OWN = sorted(CONFIGS.glob("*.yaml"))


def written(tmp_path, text, name="run.yaml"):
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_configuration(stage):
    assert load_config(None, stage).stage == stage


@pytest.mark.parametrize("path", [path for path in OWN if not path.stem.endswith("base")], ids=lambda path: path.stem)
def test_a_configuration_of_ours_survives_being_stored(path):
    config = load_config(str(path))
    assert from_mapping(yaml.safe_load(yaml.safe_dump(as_mapping(config)))) == config


def test_a_file_builds_on_another(tmp_path):
    written(tmp_path, "stage: '2'\ntasks: {weights: {text_to_layers: 1}}\nschedule: {lr: 1e-4, steps: 7}", "base.yaml")
    config = load_config(written(tmp_path, "base: base.yaml\nschedule: {steps: 9}"))
    assert (config.stage, config.schedule.steps, config.schedule.lr) == ("2", 9, 1e-4)
    assert config.tasks.weights == {Task.TEXT_TO_LAYERS: 1.0}


def test_settings_have_the_last_word():
    config = load_config(None, "3", ["schedule.lr=2e-5", "init.from=some/run", "data.resolutions=[640, 1024]"])
    assert (config.schedule.lr, config.init.from_, config.data.resolutions) == (2e-5, "some/run", (640, 1024))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("schedule.lrr=1", "there is no schedule.lrr; did you mean lr"),
        ("shedule.lr=1", "there is no shedule; did you mean schedule"),
        ("engine.zero=4", "engine.zero is 4; it must be one of 1, 2, 3"),
        ("engine.zero=yes", "engine.zero is True; it must be a whole number"),
        ("engine.precision=fp16", "engine.precision is 'fp16'; it must be one of bf16, fp32"),
        ("engine.offload_parameters=true", "parameters are offloaded under zero=3"),
        ("tasks.weights.image_to_layer=1", "did you mean image_to_layers"),
        ("tasks.weights={image_to_layers: 0, text_to_layers: 0}", "tasks.weights has no positive weight"),
        ("tasks.merge=1.5", "tasks.merge is 1.5; it must be at least 0 and at most 1"),
        ("schedule.lr=.nan", "schedule.lr is nan"),
        ("schedule={steps: 9, cooldown: 10}", "schedule.cooldown is 10, longer than the run, whose steps are 9; set"),
        ("schedule.steps=10.5", "schedule.steps is 10.5; it must be a whole number"),
        ("schedule.betas=[0.9]", "betas are"),
        ("data.resolutions=[600]", "they must be multiples of 32"),
        ("data.sources=[{where: x, weight: 0}]", r"data.sources\[0\].weight is 0.0; it must be more than 0"),
        ("network.mmdit=huge", "network.mmdit is 'huge'; it must be one of"),
        ("vae.crop_px=100", "vae.crop_px is 100; it must be a multiple of 32"),
        ("stage=2", "is a configuration of stage 2, and STAGE is 3"),
        ("schedule", "is not of the form section.key=value"),
        ("schedule.lr=[", "has no value of YAML"),
    ],
)
def test_what_is_wrong_is_named(setting, said):
    with pytest.raises(ValueError, match=said):
        load_config(None, "3", [setting, "engine.zero=2"] if "offload" in setting else [setting])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (["schedule.lr=-1"], "the setting 'schedule.lr=-1': schedule.lr is -1.0"),
        (["lora.rank=4", "schedule.lr=-1", "log_every=3"], "the setting 'schedule.lr=-1': "),
        (["schedule.lr=-1", "schedule.lr=-2"], "the setting 'schedule.lr=-2': schedule.lr is -2.0"),
        (["vae.crop_px=64", "stage=2"], "the setting 'stage=2': it is a configuration of stage 2"),
        (["engine.zero=2", "engine.offload_parameters=true"], "the setting 'engine.offload_parameters=true': "),
    ],
)
def test_the_setting_that_is_wrong_is_named(settings, named):
    with pytest.raises(ValueError, match=f"^{re.escape(named)}"):
        load_config(None, "3", settings)


def test_what_is_wrong_in_the_file_is_not_said_of_a_setting(tmp_path):
    path = written(tmp_path, "stage: '2'\ntasks: {weights: {text_to_layers: 1}}\nschedule: {lr: -1}")
    with pytest.raises(ValueError, match=f"^{re.escape(path)}: schedule.lr is -1"):
        load_config(path, None, ["log_every=3"])
    assert load_config(path, None, ["schedule.lr=1e-4"]).schedule.lr == 1e-4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a list", "is no mapping"),
        ("stage: [", "cannot be read"),
        ("base: 3", "base is 3; it must be the path of a file"),
        ("base: run.yaml", "build on each other"),
        ("base: none.yaml", "none.yaml cannot be read"),
        ("stage: '9'", "stage is '9'; it must be one of"),
        ("schedule: 3", "schedule is 3; it must be a mapping"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path, text, said):
    with pytest.raises(ValueError, match=said):
        load_config(written(tmp_path, text))


def test_a_name_is_looked_for_among_ours():
    assert load_config("stage_3").stage == "3"
    with pytest.raises(ValueError, match="there is no configuration stage_4; did you mean stage_"):
        load_config("stage_4")


def test_an_odd_value_never_makes_a_run():
    with pytest.raises(ValueError, match="seed is -1"):
        RunConfig(stage="vae", seed=-1)
