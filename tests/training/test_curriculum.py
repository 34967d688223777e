"""The curriculum: its steps in order, each stage from the one before, and settings that stay."""

from itertools import pairwise
from pathlib import Path

import pytest

from training.ablation import VARIANTS
from training.ablation import steps_of as ablation_steps
from training.config_files import load_config
from training.curriculum import SIZES, Settings, main, steps_of
from training.network_options import STAGES
from training.overfit import main as overfit


def option(command: tuple[str, ...], name: str) -> str:
    return command[command.index(name) + 1]


def settings_of(command: tuple[str, ...]) -> list[str]:
    return [value for name, value in pairwise(command) if name == "--set"]


def test_designs_are_drawn_curated_trained_on_and_scored(tmp_path: Path) -> None:
    names = [step.name for step in steps_of(Settings(), tmp_path)]
    stages = [f"stage {stage}" for stage in STAGES]
    assert names == ["designs", "data", "held-out pictures", *stages, "score"]


def test_data_of_ones_own_is_neither_drawn_nor_curated(tmp_path: Path) -> None:
    steps = steps_of(Settings(data="mine"), tmp_path)
    assert [step.name for step in steps[:2]] == ["held-out pictures", "stage vae"]
    assert option(steps[1].command, "--data") == "mine"


def test_each_stage_starts_from_the_one_before(tmp_path: Path) -> None:
    runs = [step.command for step in steps_of(Settings(), tmp_path) if step.name.startswith("stage")]
    outputs = [option(command, "--output") for command in runs]
    starts = [[one for one in settings_of(command) if one.startswith("init.from=")] for command in runs]
    assert starts == [[], *([f'init.from="{output}"'] for output in outputs[:-1])]
    assert all(load_config("tiny", stage).init.weights == "ema" for stage in STAGES)


def test_ranks_are_launched_only_where_there_are_several(tmp_path: Path) -> None:
    one, two = (
        next(step.command for step in steps_of(Settings(), tmp_path, ranks) if step.name == "stage 3")
        for ranks in (1, 2)
    )
    assert "torch.distributed.run" not in one
    assert option(two, "--nproc-per-node") == "2"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "out"], "out is DATA itself"),
        (["--data", "nowhere"], "DATA=nowhere has no shards of train"),
        (["--output", "file"], "file is no folder"),
        (["--gpus", "0"], "gpus is 0; it must be at least 1"),
    ],
)
def test_what_cannot_be_a_curriculum_is_one_sentence(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("out").mkdir()
    assert main(["--output", "out", *options]) == 2
    assert said in capsys.readouterr().err
    assert not list(Path("out").iterdir())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stage", STAGES)
def test_every_size_has_a_configuration_of_every_stage(size: str, stage: str) -> None:
    assert load_config(size, stage).stage == stage


@pytest.mark.parametrize("stage", ["vae", "3"])
def test_the_overfit_has_configurations(stage: str) -> None:
    assert load_config("overfit", stage).stage == stage


def test_an_unknown_size_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--output", str(tmp_path / "out"), "--config", "huge"]) == 2
    assert "must be one of tiny, small" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_overfit_of_no_seed_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert overfit(["--output", str(tmp_path / "out"), "--seed", "-1"]) == 2
    assert "seed is -1; it must be at least 0" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_all_variants_of_the_ablation_make_the_same_steps(tmp_path: Path) -> None:
    totals = dict.fromkeys((variant.name for variant in VARIANTS), 0)
    for step in ablation_steps(Settings(), tmp_path, 0.5):
        counts = [int(one.partition("=")[2]) for one in settings_of(step.command) if one.startswith("schedule.steps=")]
        if counts:
            totals[Path(option(step.command, "--output")).parent.name] += counts[0]
    assert len(set(totals.values())) == 1


def test_no_two_steps_of_the_ablation_are_called_alike(tmp_path: Path) -> None:
    names = [step.name for step in ablation_steps(Settings(), tmp_path, 0.5)]
    assert len(set(names)) == len(names)


def test_no_run_of_the_ablation_lies_in_another_s_folder(tmp_path: Path) -> None:
    """Which would refuse to go on with what is of no run."""
    steps = ablation_steps(Settings(), tmp_path, 0.5)
    runs = {Path(option(step.command, "--output")) for step in steps if "training.train" in step.command}
    made = {Path(option(step.command, "--output")) for step in steps if "--output" in step.command}
    assert not [one for one in made if runs.intersection(one.parents)]


def test_a_variant_differs_from_the_full_recipe_in_one_switch(tmp_path: Path) -> None:
    given = {}
    for step in ablation_steps(Settings(), tmp_path, 0.5):
        if step.name.endswith(": stage 3"):
            own = {one for one in settings_of(step.command) if not one.startswith(("init.from", "schedule", "init.st"))}
            given[Path(option(step.command, "--output")).parent.name] = own
    switches = {name: own - given["full"] for name, own in given.items()}
    assert switches.pop("full") == set()
    assert switches.pop("one_stage") == set()
    assert all(len(switch) == 1 for switch in switches.values())


@pytest.mark.parametrize("share", [1.0, 0.03, 1e-6])
def test_every_run_of_the_ablation_has_a_configuration_that_is_taken(tmp_path: Path, share: float) -> None:
    for step in ablation_steps(Settings(), tmp_path, share):
        if "training.train" in step.command:
            load_config("tiny", option(step.command, "--stage"), settings_of(step.command))
