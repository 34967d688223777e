"""A run that stops and goes on is the run that never stopped; what goes wrong is told by name."""

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.training.on_ranks import on_ranks
from tests.training.toy_work import ToyWork
from training.checkpoints import StoredParameters, whole
from training.configuration import Checkpoints, Engine, RunConfig, Schedule, Validation
from training.data_options import Data, Tasks
from training.export import export
from training.journal import Journal, read_metrics
from training.loop import FINISHED, STOPPED, NotFinite, learning_rate, train
from training.recipes import Task
from training.run import Run
from training.run_folder import open_run

CONFIG = RunConfig(
    stage="vae",
    data=Data(workers=0),
    schedule=Schedule(steps=8, batch=16, lr=1e-2, warmup=4, ema=0.9),
    engine=Engine(zero=2, precision="fp32", device="cpu"),
    checkpoints=Checkpoints(every=2, keep=9),
    validation=Validation(every=0),
    log_every=1,
)


def until(config, steps):
    return replace(config, schedule=replace(config.schedule, steps=steps))


def run_of(config, output, ranks, bad=()):
    output = Path(output)
    checkpoint = open_run(output, config) if ranks.is_first else None
    ranks.barrier()
    found = whole(output)
    run = Run(ToyWork(config, ranks.groups, bad), config, output, ranks)
    if found:
        assert checkpoint in (None, found[-1])
        run.resume(found[-1])
    return run, Journal(output, config.schedule.steps, run.done) if ranks.is_first else None


def trained(ranks, *parts):
    """Runs each (configuration, folder) to its end; the statuses."""
    return [train(*run_of(config, output, ranks)) for config, output in parts]


def failed(ranks, output):
    """What is said of two samples whose loss is no number."""
    run, journal = run_of(CONFIG, output, ranks, bad=(37, 41))
    try:
        train(run, journal)
    except NotFinite as error:
        return str(error)
    return "no error"


def asked_to_stop(ranks, output):
    """One rank gets a signal while step 5 is planned; status and steps done."""
    run, journal = run_of(CONFIG, output, ranks)
    plan = run.work.plan

    def plan_and_ask(step):
        if step == 5 and ranks.rank == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return plan(step)

    run.work.plan = plan_and_ask
    return train(run, journal), run.done


def misplaced(ranks, checkpoint, output):
    """What is said of another stage's checkpoint, whose networks are the same."""
    config = replace(CONFIG, stage="2", tasks=Tasks(weights={Task.TEXT_TO_LAYERS: 1.0}))
    try:
        run_of(config, output, ranks)[0].resume(checkpoint)
    except ValueError as error:
        return str(error)
    return "no error"


def everything(ranks, parts, paths):
    """In one process, as each takes seconds to start."""
    statuses = trained(ranks, *parts)
    said = failed(ranks, paths["failed"])
    stopped = asked_to_stop(ranks, paths["asked"])
    checkpoint = whole(Path(paths["asked"]))[-1].name
    other = misplaced(ranks, whole(Path(paths["whole"]))[-1], paths["other"])
    return statuses, said, stopped, checkpoint, trained(ranks, (CONFIG, paths["asked"])), other


def final(output):
    """All files of the last checkpoint, as tensors."""
    return {path.name: load_file(path) for path in sorted(whole(Path(output))[-1].glob("*.safetensors"))}


def losses(output):
    return [line["loss"] for line in read_metrics(Path(output), "train")]


def assert_identical(one, other):
    assert one.keys() == other.keys()
    for name in one:
        for key in one[name]:
            assert torch.equal(one[name][key], other[name][key]), (name, key)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same run undisturbed, stopped twice mid-way, validated in between, and under the other stages of ZeRO."""
    folder = tmp_path_factory.mktemp("runs")
    names = ("whole", "stopped", "validated", "drawn", "zero1", "zero3", "failed", "asked", "other")
    paths = {name: str(folder / name) for name in names}
    engines = {name: replace(CONFIG, engine=replace(CONFIG.engine, zero=int(name[-1]))) for name in ("zero1", "zero3")}
    parts = [
        (CONFIG, paths["whole"]),
        *[(until(CONFIG, steps), paths["stopped"]) for steps in (3, 5, 8)],
        (replace(CONFIG, validation=Validation(every=1)), paths["validated"]),
        (replace(CONFIG, validation=Validation(every=0, pictures=1, pictures_every=3)), paths["drawn"]),
        *[(config, paths[name]) for name, config in engines.items()],
    ]
    told = on_ranks(2, everything, parts, paths)
    assert [statuses for statuses, *_ in told] == [[FINISHED] * len(parts)] * 2
    return {**paths, "told": told}


def test_a_run_that_was_stopped_twice_ends_with_the_same_bits(runs):
    assert_identical(final(runs["whole"]), final(runs["stopped"]))
    assert losses(runs["stopped"]) == losses(runs["whole"])


def test_checkpoints_come_when_they_are_due(runs):
    assert [path.name for path in whole(Path(runs["whole"]))] == [f"step-{steps:08d}" for steps in (2, 4, 6, 8)]


def test_validation_changes_nothing(runs):
    assert_identical(final(runs["whole"]), final(runs["validated"]))
    assert [line["step"] for line in read_metrics(Path(runs["validated"]), "validation")] == list(range(1, 9))


def test_pictures_change_nothing_and_come_when_they_are_due(runs):
    assert_identical(final(runs["whole"]), final(runs["drawn"]))
    assert [line["step"] for line in read_metrics(Path(runs["drawn"]), "pictures")] == [3, 6, 8]


def test_pictures_are_drawn_by_the_average(runs):
    told = read_metrics(Path(runs["drawn"]), "pictures")[-1]["weight"]
    last = whole(Path(runs["drawn"]))[-1]
    sums = {kind: StoredParameters(last, kind)["first.weight"].sum().item() for kind in ("ema", "weights")}
    assert told == pytest.approx(sums["ema"], rel=1e-6)
    assert told != pytest.approx(sums["weights"], rel=1e-5)


@pytest.mark.parametrize("name", ["zero1", "zero3"])
def test_the_stages_of_zero_have_the_same_losses_weights_and_average(runs, name):
    assert losses(runs[name]) == pytest.approx(losses(runs["whole"]), rel=1e-6)
    for kind in ("weights", "ema"):
        own, other = (StoredParameters(whole(Path(runs[which]))[-1], kind) for which in (name, "whole"))
        for key in other:
            torch.testing.assert_close(own[key], other[key], atol=1e-6, rtol=1e-5)


def test_the_average_is_not_the_weights(runs):
    last = whole(Path(runs["whole"]))[-1]
    assert not torch.equal(
        StoredParameters(last, "ema")["first.weight"], StoredParameters(last, "weights")["first.weight"]
    )


def test_another_number_of_ranks_goes_on_with_the_same_batches(runs, tmp_path):
    """Two ranks save after 4 steps, one goes on, under any stage of ZeRO."""
    for name in ("whole", "zero3"):
        shutil.copytree(runs[name], tmp_path / name)
        for checkpoint in whole(tmp_path / name)[2:]:
            shutil.rmtree(checkpoint)
    parts = [(CONFIG, str(tmp_path / name)) for name in ("whole", "zero3")]
    assert on_ranks(1, trained, *parts) == [[FINISHED, FINISHED]]
    for name in ("whole", "zero3"):
        assert losses(tmp_path / name) == pytest.approx(losses(runs["whole"]), rel=1e-5)


def test_an_export_is_what_the_checkpoint_holds(runs, tmp_path):
    last = whole(Path(runs["zero3"]))[-1]
    folders = export(ToyWork(CONFIG, 1), last, tmp_path)
    assert [folder.name for folder in folders] == ["model", "ema"]
    for folder, kind in zip(folders, ("weights", "ema"), strict=True):
        for name, tensor in load_file(folder / "weights.safetensors").items():
            assert torch.equal(tensor, StoredParameters(last, kind)[name])


def test_a_loss_that_is_no_number_names_the_samples_of_all_ranks(runs):
    for _, said, *_ in runs["told"]:
        assert said.startswith("the loss of step 2 is not finite for ")
        assert [f"{position:016x}" in said for position in (36, 37, 38, 41)] == [False, True, False, True]
    assert whole(Path(runs["failed"]))[-1].name == "step-00000002"


def test_one_rank_that_is_told_to_stop_stops_all_after_a_checkpoint(runs):
    for _, _, stopped, checkpoint, resumed, _ in runs["told"]:
        assert (stopped, checkpoint, resumed) == ((STOPPED, 6), "step-00000006", [FINISHED])
    assert_identical(final(runs["whole"]), final(runs["asked"]))


def test_a_checkpoint_of_another_stage_is_refused(runs):
    for *_, said in runs["told"]:
        assert "step-00000008 is of stage vae, this run of stage 2; without the folder" in said


def test_the_rate_grows_and_stays():
    schedule = Schedule(lr=1.0, warmup=4)
    assert [learning_rate(schedule, step) for step in (0, 1, 3, 4, 100)] == [0.25, 0.5, 1.0, 1.0, 1.0]


def test_the_rate_falls_over_the_last_steps():
    schedule = Schedule(lr=1.0, steps=20, warmup=4, cooldown=3)
    assert [learning_rate(schedule, step) for step in (0, 15, 16, 17, 18, 19)] == [0.25, 1.0, 1.0, 0.75, 0.5, 0.25]
    assert learning_rate(Schedule(lr=1.0, steps=20, warmup=0), 19) == 1.0
