"""Of the steps since it was last told: means over samples, rates over seconds, utilisation where a peak is known."""

import time
from dataclasses import replace

import pytest
import torch

from tests.training.lone_rank import LONE
from training.account import SUMS, Account
from training.configuration import Engine, RunConfig
from training.utilisation import peak_flops

CONFIG = RunConfig(stage="vae")
STEP = {**dict.fromkeys(SUMS, 0.0), "loss": 6.0, "samples": 4.0, "tokens": 100.0, "flops": 5e11, "half": 2.0}


def told(config, steps=2):
    account = Account(config, ("half",), LONE)
    account._began -= 10.0
    for _ in range(steps):
        account.add(STEP, 1.0, norm=0.5, lr=1e-4)
    return account.told()


def test_losses_are_means_over_samples():
    assert (told(CONFIG)["loss"], told(CONFIG)["half"]) == (1.5, 0.5)


def test_rates_are_over_the_seconds_that_passed():
    values = told(CONFIG)
    assert values["tokens_per_s"] == pytest.approx(20, rel=0.05)
    assert values["data_wait"] == pytest.approx(0.2, rel=0.05)
    assert values["seconds_per_step"] == pytest.approx(5, rel=0.05)


def test_validation_and_checkpoints_slow_no_rate(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    account = Account(CONFIG, ("half",), LONE)
    now[0] += 10
    account.add(STEP, 1.0, norm=0.5, lr=1e-4)
    with account.paused():
        now[0] += 90
    assert account.told()["seconds_per_step"] == 10


def test_utilisation_is_of_the_peak_that_is_given():
    config = replace(CONFIG, engine=Engine(peak_tflops=1.0))
    assert told(config)["mfu"] == pytest.approx(0.1, rel=0.05)
    assert "mfu" not in told(CONFIG)  # a CPU's is not known


def test_what_was_told_is_forgotten():
    account = Account(CONFIG, ("half",), LONE)
    account.add(STEP, 1.0, 0.5, 1e-4)
    account.begin()
    account.add({**STEP, "loss": 8.0}, 0.0, 0.5, 1e-4)
    assert account.told()["loss"] == 2.0


def test_a_gpu_is_known_by_its_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H100 80GB HBM3")
    assert peak_flops(None, torch.device("cuda", 0)) == 989e12
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Something New")
    assert peak_flops(None, torch.device("cuda", 0)) is None
