"""The command itself: killed at any step it goes on to the same bits, and whatever is wrong is one sentence."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.training.on_ranks import ROOT, free_port
from tests.training.tiny_parts import SETTINGS, vae_run
from training.checkpoints import whole
from training.config_files import as_mapping, from_mapping
from training.journal import read_metrics
from training.run_folder import open_run, read_config
from training.run_lock import only_run
from training.terminal import WRONG
from training.train import main

ANY = "init.stages=[vae, '1', '2', '3']"
OTHER = from_mapping({"stage": "2", "tasks": {"weights": {"text_to_layers": 1.0}}})
KILLED = (*SETTINGS, ANY, "schedule.steps=12", "checkpoints.every=2", "checkpoints.keep=2", "data.workers=1")


def arguments(stage, dataset, start, output, *settings):
    given = [f"init.from={start}", *settings]
    sets = [word for setting in given for word in ("--set", setting)]
    return ["--stage", stage, "--data", str(dataset), "--output", str(output), *sets]


def launched(ranks, *words):
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        str(ranks),
        "--master-port",
        free_port(),
    ]
    return subprocess.Popen(
        [*launcher, "-m", "training.train", *words], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, start_new_session=True,
    )  # fmt: skip


def ended(process, timeout_s=300):
    """(exit status, what it said)."""
    try:
        said = process.communicate(timeout=timeout_s)[1]
    finally:
        if process.poll() is None:
            for rank in ranks_of(process):  # torchrun's ranks have groups of their own
                os.kill(rank, signal.SIGKILL)
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, said


def wait_for_step(process, output, step, timeout_s=200):
    """Until the journal tells of a step."""
    path, deadline = Path(output) / "logs" / "metrics.jsonl", time.monotonic() + timeout_s
    while not path.exists() or len(path.read_text().splitlines()) < step:
        assert process.poll() is None, process.communicate()[1][-3000:]
        assert time.monotonic() < deadline, "the run does not move"
        time.sleep(0.02)


def ranks_of(process):
    """The processes that train, by their rank."""
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
    return [int(child) for child in children]


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return vae_run(tmp_path_factory.mktemp("vae") / "run")


def said_of(capsys, *words):
    status = main([*words])
    return status, capsys.readouterr().err


def test_a_second_command_leaves_the_configuration_of_the_one_at_work(dataset, start, tmp_path, capsys):
    output = tmp_path / "run"
    open_run(output, OTHER)
    with only_run(output):
        status, said = said_of(capsys, *arguments("2", dataset, start, output, *SETTINGS, ANY))
    assert status == WRONG
    assert "another run is at work" in said
    assert read_config(output) == as_mapping(OTHER)


@pytest.mark.long
def test_a_run_that_is_killed_twice_ends_with_the_same_bits(dataset, start, tmp_path):
    status, said = ended(launched(2, *arguments("2", dataset, start, tmp_path / "whole", *KILLED)))
    assert status == 0, said
    rng = random.Random(int(time.time()))
    steps = sorted(rng.sample(range(1, 12), 2))
    for step in steps:
        process = launched(2, *arguments("2", dataset, start, tmp_path / "killed", *KILLED))
        wait_for_step(process, tmp_path / "killed", step)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    status, said = ended(launched(2, *arguments("2", dataset, start, tmp_path / "killed", *KILLED)))
    assert status == 0, said
    one, other = (whole(tmp_path / name)[-1] for name in ("whole", "killed"))
    assert one.name == other.name == "step-00000012"
    for path in one.glob("*.safetensors"):
        stored, again = load_file(path), load_file(other / path.name)
        assert stored.keys() == again.keys()
        assert all(torch.equal(stored[name], again[name]) for name in stored), (path.name, steps)
    ours, theirs = (read_metrics(tmp_path / name, "train") for name in ("whole", "killed"))
    assert [line["loss"] for line in ours] == [line["loss"] for line in theirs]


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "silent"])
def test_a_rank_that_is_lost_ends_the_run_with_a_message(dataset, start, tmp_path, how):
    settings = (*KILLED, "schedule.steps=100000", "engine.timeout_s=10")
    process = launched(2, *arguments("2", dataset, start, tmp_path / "run", *settings))
    wait_for_step(process, tmp_path / "run", 2)
    lost = ranks_of(process)[1]
    os.kill(lost, how)
    began = time.monotonic()
    status, said = ended(process)
    assert status != 0
    assert time.monotonic() - began < 120
    assert "is gone or silent" in said or "exitcode  : -9" in said, said[-3000:]


@pytest.mark.long
def test_a_launcher_that_is_told_to_stop_leaves_a_checkpoint(dataset, start, tmp_path):
    settings = (*KILLED, "schedule.steps=100000", "checkpoints.every=0")
    process = launched(2, *arguments("2", dataset, start, tmp_path / "run", *settings))
    wait_for_step(process, tmp_path / "run", 3)
    process.send_signal(signal.SIGTERM)
    _, said = ended(process)
    assert "the same command goes on from there" in said
    assert len(whole(tmp_path / "run")) == 1


@pytest.fixture
def broken(dataset, tmp_path):
    """A copy of the dataset, to break."""
    shutil.copytree(dataset, tmp_path / "data")
    return tmp_path / "data"


def shard_of(dataset):
    return max((dataset / "shards").glob("train-*.tar"), key=lambda path: path.stat().st_size)


def test_the_launcher_of_deepspeed_may_say_which_rank_it_is(dataset, start, tmp_path, capsys):
    words = arguments("3", dataset, start, tmp_path / "run", *SETTINGS, "schedule.lrr=1")
    assert said_of(capsys, "--local_rank=0", *words)[0] == WRONG
    assert "there is no schedule.lrr" in said_of(capsys, "--local_rank=0", *words)[1]


def test_a_truncated_shard_is_named(broken, start, tmp_path, capsys):
    shard = shard_of(broken)
    os.truncate(shard, shard.stat().st_size // 2)
    status, said = said_of(capsys, *arguments("3", broken, start, tmp_path / "run", *SETTINGS, ANY))
    assert status == WRONG
    assert shard.name in said
    assert not list((tmp_path / "run").rglob("*.arrow"))


@pytest.mark.parametrize(
    ("stage", "settings", "said"),
    [
        ("3", ["schedule.lrr=1"], "there is no schedule.lrr; did you mean lr?"),
        ("3", ["schedule.batch=5000"], "fewer than schedule.batch, 5000"),
        ("3", ["data.max_layers=1"], "holds no sample that stage 3 can use"),
        ("3", ["data.pack_tokens=40"], "set data.pack_tokens to"),
        ("3", ["init.stages=[]"], "is of stage vae; stage 3 starts from stage 2 or 3"),
        ("3", ["network.text=stored"], "there is no text encoder"),
        ("3", ["data.sources=[{where: nowhere}]"], "nowhere holds no shard"),
        ("2", ["engine.sequence_parallel=3"], "1 ranks cannot be shared out"),
        ("2", ["tasks.languages=[xx]"], "no caption without fault in xx"),
    ],
)
def test_what_is_wrong_is_one_sentence_before_any_work(dataset, start, tmp_path, capsys, stage, settings, said):
    words = arguments(stage, dataset, start, tmp_path / "run", *SETTINGS, ANY, *settings)
    if "data.sources" in settings[0]:
        words[words.index("--data") : words.index("--data") + 2] = []
    status, told = said_of(capsys, *words)
    assert (status, told.count("\n")) == (WRONG, 1), told
    assert said in told


@pytest.mark.long
def test_a_run_does_not_go_on_with_another_vae(dataset, start, tmp_path):
    """As where a VAE is exported again while a run that uses it is stopped."""
    shutil.copytree(start, tmp_path / "vae")

    def run(steps):
        settings = (*SETTINGS, ANY, f"schedule.steps={steps}")
        return ended(launched(1, *arguments("2", dataset, tmp_path / "vae", tmp_path / "run", *settings)))

    for steps in (1, 2):
        status, said = run(steps)
        assert status == 0, said
    shutil.rmtree(tmp_path / "vae")
    vae_run(tmp_path / "vae", seed=9)
    status, said = run(3)
    assert status != 0
    assert "step-00000002 was trained with another VAE or text encoder" in said
