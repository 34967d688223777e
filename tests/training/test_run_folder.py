"""A folder holds one run: the same configuration goes on, another is refused, and nothing is guessed."""

import contextlib
import io
import shutil
from dataclasses import replace

import numpy as np
import pytest
import yaml
from PIL import Image

from data_pipeline.shard_io import whole_file
from tests.training.drawn_shards import WORDS, tar
from training.checkpoints import STATE, folder_of
from training.configuration import Engine, RunConfig, Schedule
from training.data_options import Data, Source
from training.index import write_index
from training.indexing import build_index
from training.journal import Journal
from training.network_options import Lora
from training.run_folder import open_run, read_config, wait_for
from training.run_lock import only_run
from training.shown import Shown

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


def test_a_run_of_a_version_with_fewer_options_goes_on(tmp_path):
    open_run(tmp_path, CONFIG)
    last, stored = with_checkpoint(tmp_path, 5), read_config(tmp_path)
    del stored["lora"], stored["tasks"]["text_order"]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(stored))
    assert open_run(tmp_path, CONFIG) == last
    with pytest.raises(ValueError, match=r"lora\.alpha is None, here it is 4"):
        open_run(tmp_path, replace(CONFIG, lora=Lora(alpha=4)))


def test_data_that_was_moved_is_gone_on_with(tmp_path):
    output, old, new = tmp_path / "run", tmp_path / "old", tmp_path / "new"
    for folder in (old, output / "index"):
        folder.mkdir(parents=True)
    index = build_index([tar(old / "train-000000.tar", [("a.png", picture()), ("a.txt", b"words")])], WORDS)
    write_index(index, output / "index" / "train-0.arrow")

    def of(where, weight=1.0):
        return replace(CONFIG, data=Data(sources=(Source(str(where), weight),)))

    open_run(output, of(old))
    with_checkpoint(output, 5)
    old.rename(new)
    open_run(output, of(new))
    assert read_config(output)["data"]["sources"][0]["where"] == str(new)
    with pytest.raises(ValueError, match=r"run whose data\.sources is"):
        open_run(output, of(new, weight=2.0))
    (tmp_path / "other").mkdir()
    shutil.copy(new / "train-000000.tar", tmp_path / "other")  # of another time: who knows what it holds
    with pytest.raises(ValueError, match=r"run whose data\.sources is"):
        open_run(output, of(tmp_path / "other"))


def picture():
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return out.getvalue()


def test_a_run_that_has_made_more_steps_is_not_cut_short(tmp_path):
    open_run(tmp_path, CONFIG)
    with_checkpoint(tmp_path, 10)
    with pytest.raises(ValueError, match=r"holds a run of 10 steps, and schedule\.steps is 9; give 10 or more"):
        open_run(tmp_path, replace(CONFIG, schedule=Schedule(steps=9)))
    assert read_config(tmp_path)["schedule"]["steps"] == CONFIG.schedule.steps
    assert open_run(tmp_path, replace(CONFIG, schedule=Schedule(steps=10))) is not None


def test_how_it_is_computed_may_change(tmp_path):
    open_run(tmp_path, CONFIG)
    with_checkpoint(tmp_path, 5)
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
    with_checkpoint(tmp_path, 5)
    with pytest.raises(ValueError, match=f"{said}; give another OUTPUT"):
        open_run(tmp_path, other)
    assert read_config(tmp_path)["seed"] == 0


def test_a_first_command_that_was_wrong_is_mended_in_the_same_folder(tmp_path):
    open_run(tmp_path, CONFIG)
    assert open_run(tmp_path, replace(CONFIG, seed=1)) is None
    assert read_config(tmp_path)["seed"] == 1
    (tmp_path / "export").mkdir()  # of a run whose checkpoints somebody has removed
    with pytest.raises(ValueError, match="seed is 1, here it is 0"):
        open_run(tmp_path, CONFIG)


def test_a_run_that_was_killed_while_it_stored_its_configuration_goes_on(tmp_path):
    with contextlib.suppress(KeyboardInterrupt), whole_file(tmp_path / "config.yaml"):
        (left,) = tmp_path.iterdir()
        left.rename(tmp_path / "kept")
        raise KeyboardInterrupt
    (tmp_path / "kept").rename(left)
    open_run(tmp_path, CONFIG)
    assert open_run(tmp_path, CONFIG) is None


def test_a_folder_that_another_machine_does_not_see_is_told(tmp_path):
    with pytest.raises(ValueError, match="OUTPUT must be one folder of all machines"):
        wait_for(tmp_path / "run", patience_s=0)
    open_run(tmp_path / "run", CONFIG)
    wait_for(tmp_path / "run", patience_s=0)


def test_one_run_at_a_time_is_at_work_in_a_folder(tmp_path):
    open_run(tmp_path, CONFIG)
    with only_run(tmp_path), pytest.raises(ValueError, match="another run is at work in"), only_run(tmp_path):
        pass
    with only_run(tmp_path):
        assert open_run(tmp_path, CONFIG) is None  # the lock is no stranger


def test_a_report_of_pictures_is_no_stranger(tmp_path):
    """All that a journal writes, or the run could not go on."""
    open_run(tmp_path, CONFIG)
    journal = Journal(tmp_path, 9, 0)
    journal.pictured(3, [Shown("a", "", {"b": 1.0}, np.zeros((4, 4, 3), np.uint8))], 1.0)
    journal.close()
    assert open_run(tmp_path, CONFIG) is None


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
