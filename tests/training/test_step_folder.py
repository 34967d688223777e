"""An OUTPUT of steps keeps what they were told, and takes one command at a time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.on_ranks import ROOT
from training.ablation import ablation
from training.curriculum import Settings
from training.step_folder import held
from training.steps import Step, do_steps

SECOND = """
import sys
from pathlib import Path
from training.step_folder import held
with held(Path(sys.argv[1]), {}, []):
    pass
"""
TOLD = {"of": "test", "seed": 0, "data": None}


def step(folder: Path) -> Step:
    code = "import sys; open(sys.argv[1], 'x').close()"
    return Step("one", (sys.executable, "-c", code, str(folder / "result")), folder / "result")


def test_the_same_command_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "new"
    for _ in range(2):
        with held(folder, TOLD, [step(folder)]):
            assert do_steps([step(folder)]) == 0
    assert json.loads((folder / "settings.json").read_text()) == TOLD


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset, in the folder where commands are typed."""
    monkeypatch.chdir(tmp_path)
    shards = tmp_path / "mine" / "shards"
    shards.mkdir(parents=True)
    for split in ("train", "test"):
        (shards / f"{split}-000000.tar").touch()
    return tmp_path / "mine"


@pytest.mark.parametrize("data", ["mine", "mine/", "./mine"])
def test_data_written_in_another_way_is_the_same(data: str, mine: Path) -> None:
    output = mine.with_name("output")
    with held(output, {**TOLD, "data": "mine"}, [step(output)]):
        (output / "result").touch()
    with held(output, {**TOLD, "data": data}, [step(output)]):
        pass


@pytest.mark.parametrize("data", ["missing", "mine/shards", "mine/shards/*.tar", "", "s3://bucket/mine"])
def test_data_that_is_no_dataset_is_said_and_leaves_nothing(data: str, mine: Path) -> None:
    before = sorted(mine.parent.rglob("*"))
    output, settings = mine.with_name("output"), {**TOLD, "data": data}
    with pytest.raises(ValueError, match=r"has no shards of train; it must be"), held(output, settings, []):
        pass
    assert sorted(mine.parent.rglob("*")) == before


def test_data_without_samples_held_out_is_said(mine: Path) -> None:
    (mine / "shards" / "test-000000.tar").unlink()
    output, settings = mine.with_name("output"), {**TOLD, "data": "mine"}
    with pytest.raises(ValueError, match=r"DATA=mine has no shards of validation, test"), held(output, settings, []):
        pass


def test_results_are_told_again_where_data_has_gone(mine: Path) -> None:
    output = mine.with_name("output")
    with held(output, {**TOLD, "data": "mine"}, [step(output)]):
        (output / "result").touch()
    mine.rename(mine.with_name("elsewhere"))
    with held(output, {**TOLD, "data": "mine"}, [step(output)]):
        pass


def test_a_wrong_first_command_may_be_mended(tmp_path: Path) -> None:
    with held(tmp_path, {**TOLD, "seed": 1}, [step(tmp_path)]):
        pass
    with held(tmp_path, TOLD, [step(tmp_path)]):
        assert do_steps([step(tmp_path)]) == 0
    said = r"holds results of .*'seed': 0.*, here it is .*'seed': 1.*another OUTPUT"
    with pytest.raises(ValueError, match=said), held(tmp_path, {**TOLD, "seed": 1}, [step(tmp_path)]):
        pass


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff"])
def test_results_of_nobody_knows_what_are_refused(content: bytes | None, tmp_path: Path) -> None:
    (tmp_path / "result").touch()
    if content is not None:
        (tmp_path / "settings.json").write_bytes(content)
    said = r"holds results, and settings\.json does not say of what .*another OUTPUT"
    with pytest.raises(ValueError, match=said), held(tmp_path, TOLD, [step(tmp_path)]):
        pass


def test_a_second_command_at_the_same_time_is_refused(tmp_path: Path) -> None:
    with held(tmp_path, TOLD, []):
        second = subprocess.run([sys.executable, "-c", SECOND, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert f"another run is at work in {tmp_path}" in second.stderr
    with held(tmp_path, TOLD, []):
        pass


def test_an_ablation_of_another_share_is_refused(tmp_path: Path) -> None:
    told = {"of": "ablation", "share": 0.5, "config": "tiny", "data": "mine", "seed": 0}
    (tmp_path / "settings.json").write_text(json.dumps(told))
    (tmp_path / "held_out").mkdir()
    with pytest.raises(ValueError, match=r"holds results of .*'share': 0.5.*, here it is .*'share': 0.25"):
        ablation(Settings(data="mine"), tmp_path, 0.25)
