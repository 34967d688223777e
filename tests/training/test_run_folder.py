"""A folder holds one run: the same configuration goes on, another is refused, and nothing is guessed."""

from dataclasses import replace

import pytest

from training.checkpoints import STATE, folder_of
from training.configuration import Data, Engine, RunConfig, Schedule
from training.run_folder import open_run, read_config

CONFIG = RunConfig(stage="vae")


def with_checkpoint(output, steps, name=STATE):
    folder = folder_of(output, steps)
    folder.mkdir(parents=True)
    (folder / name).write_text("{}")
    return folder


def test_a_new_run_stores_its_configuration(tmp_path):
    assert open_run(tmp_path / "run", CONFIG) is None
    assert read_config(tmp_path / "run")["stage"] == "vae"


def test_the_same_run_goes_on_from_its_last_whole_checkpoint(tmp_path):
    open_run(tmp_path, CONFIG)
    with_checkpoint(tmp_path, 5)
    last = with_checkpoint(tmp_path, 10)
    with_checkpoint(tmp_path, 15, "weights-00000.safetensors")  # cut short
    assert open_run(tmp_path, CONFIG) == last


def test_how_it_is_computed_may_change(tmp_path):
    open_run(tmp_path, CONFIG)
    other = replace(CONFIG, engine=Engine(zero=3), data=Data(workers=9), schedule=Schedule(steps=5000), log_every=3)
    open_run(tmp_path, other)
    assert read_config(tmp_path)["engine"]["zero"] == 3


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(CONFIG, seed=1), "seed is 0, here it is 1"),
        (replace(CONFIG, schedule=Schedule(lr=1e-3)), "schedule.lr is 1e-05, here it is 0.001"),
        (replace(CONFIG, data=Data(pack_tokens=64)), "data.pack_tokens is 32768, here it is 64"),
    ],
)
def test_another_run_is_refused(tmp_path, other, said):
    open_run(tmp_path, CONFIG)
    with pytest.raises(ValueError, match=f"{said}; give another OUTPUT"):
        open_run(tmp_path, other)
    assert read_config(tmp_path)["seed"] == 0


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(ValueError, match=r"holds thesis\.txt, which is of no run"):
        open_run(tmp_path, CONFIG)


def test_checkpoints_without_a_configuration_are_refused(tmp_path):
    with_checkpoint(tmp_path, 5)
    with pytest.raises(ValueError, match="which run they are of is not known"):
        open_run(tmp_path, CONFIG)


@pytest.mark.parametrize("text", ["[", "- 3", "\x00"])
def test_a_damaged_configuration_is_named(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"config\.yaml"):
        open_run(tmp_path, CONFIG)
