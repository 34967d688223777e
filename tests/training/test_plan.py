"""`make plan` tells what a run takes, keeps the index for it, and refuses in one sentence what does not fit."""

import json

import numpy as np
import pytest

from tests.training.drawn_shards import members_of, sample_of, soft_stack, tar
from training.config_files import load_config
from training.plan import FITS, TOO_LARGE, main, networks_of
from training.terminal import WRONG

SETTINGS = (
    "network.text=tiny", "network.mmdit=tiny", "network.vae=tiny", "data.resolutions=[64]", "schedule.batch=4",
    "schedule.steps=30", "engine.precision=fp32", "data.pack_tokens=2000",
)  # fmt: skip


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Twelve designs of 1 to 4 layers."""
    folder = tmp_path_factory.mktemp("shards")
    rng = np.random.default_rng(0)
    samples = [
        sample_of(soft_stack(rng, 1 + number % 4, 96, 64, opaque=number % 2 > 0), number) for number in range(12)
    ]
    tar(folder / "train-000000.tar", [member for sample in samples for member in members_of(sample)])
    return folder


def run(shards, *arguments, settings=()):
    given = ("--stage", "3", "--data", str(shards), "--gpus", "2", *arguments)
    return main([*given, *(word for setting in (*SETTINGS, *settings) for word in ("--set", setting))])


def test_what_is_used_left_out_and_repeated_is_told(shards, tmp_path, capsys):
    assert run(shards, "--output", str(tmp_path / "run")) == FITS
    facts = json.loads((tmp_path / "run" / "plan.json").read_bytes())
    (source,) = facts["sources"]
    assert source["samples"] == 9
    assert source["epochs"] == pytest.approx(30 * 4 / 9)
    assert source["excluded"]["a single layer"]["samples"] == 3
    assert facts["buckets"] == {"64 x 64": 9} or sum(facts["buckets"].values()) == 9
    assert facts["steps"]["padding"] == 0
    assert facts["steps"]["planned"] == 30
    assert sum(facts["steps"]["tasks"].values()) == pytest.approx(1)
    assert facts["seconds"] == pytest.approx(30 * facts["seconds_per_step"])
    told = capsys.readouterr().out
    assert f"{shards}: 9 samples, each 13.33 times in 30 steps" in told
    assert f"left out: 3 a single layer ({shards}/train-000000.tar " in told
    assert len(list((tmp_path / "run" / "index").glob("*.arrow"))) == 1


def test_a_run_from_latents_takes_no_time_to_encode_and_keeps_no_text_encoder(shards, tmp_path):
    stored = ("data.variants=2", "data.latents=beside", "validation.every=0", "validation.pictures=0")
    for name, settings in (("pixels", stored[:1]), ("latents", stored)):
        assert run(shards, "--output", str(tmp_path / name), settings=settings) == FITS
    pixels, latents = (json.loads((tmp_path / name / "plan.json").read_bytes()) for name in ("pixels", "latents"))
    assert latents["steps"] == pixels["steps"]
    assert latents["seconds_per_step"] < pixels["seconds_per_step"]
    asked, let_go = (networks_of(load_config(None, "3", [*SETTINGS, *more]))[0] for more in (stored[:1], stored))
    assert (asked.text_parameters > 0, let_go.text_parameters) == (True, 0)


def test_what_does_not_fit_is_one_sentence_that_says_what_would(shards, capsys):
    assert run(shards, "--gpu-memory", "3.3", settings=("network.mmdit=small",)) == TOO_LARGE
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "of a GPU, which has 3.3: it does not fit; it would with " in error


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (["--gpus", "0"], (), "GPUS is 0; it must be a positive multiple of engine.sequence_parallel, 1"),
        (["--gpus", "3"], ("engine.sequence_parallel=2",), "GPUS is 3"),
        (["--gpu", "voodoo"], (), "the GPU 'voodoo' is not known; B200, "),
        (["--gpu-memory", "0"], (), "GPU_MEMORY is 0.0; it must be a positive number of GiB"),
        (["--utilisation", "2"], (), "utilisation is 2.0; it must be a share of the peak"),
        (
            [],
            ("schedule.batch=100",),
            "9 samples can be used, fewer than schedule.batch, 100; left out: 3 a single layer",
        ),
        ([], ("data.pack_tokens=50",), "more tokens than a pack has, 50"),
        ([], ("network.text=stored",), "there is no text encoder to count tokens with"),
        ([], ("lora.rank=4",), "lora.rank is 4, and init.from has no transformer to adapt"),
        ([], ("data.sources=[{where: x}]",), "both DATA and data.sources in SET say what is trained on"),
        ([], ("schedule.batches=3",), "there is no schedule.batches; did you mean batch?"),
    ],
)
def test_what_is_wrong_is_one_sentence(shards, capsys, arguments, settings, message):
    assert run(shards, *arguments, settings=settings) == WRONG
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("lamina: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_a_gpu_is_known_by_any_name_of_the_table(shards, capsys):
    assert run(shards, "--gpu", "h100 pcie") == FITS
    assert "2 x H100 PCIe (79 GiB)" in capsys.readouterr().out


def plan_crops(shards, *arguments, settings=()):
    given = ("network.vae=tiny", "schedule.batch=6", "schedule.steps=30", "vae.crop_px=96", "engine.precision=fp32")
    words = (word for setting in (*given, *settings) for word in ("--set", setting))
    return main(["--stage", "vae", "--data", str(shards), *arguments, *words])


def test_crops_are_planned_too(shards, tmp_path, capsys):
    skipped = f'data.skip=["{sample_of(soft_stack(np.random.default_rng(0), 1, 8, 8), 5).key}"]'
    assert plan_crops(shards, "--gpus", "3", "--output", str(tmp_path), settings=[skipped]) == FITS
    facts = json.loads((tmp_path / "plan.json").read_bytes())
    (source,) = facts["sources"]
    assert (source["samples"], source["epochs"]) == (11, pytest.approx(30 * 6 / 11))
    assert source["excluded"]["named in data.skip"]["samples"] == 1
    assert facts["crops"]["enlarged_samples"] == 11  # of 64 px
    assert facts["steps"] == {"count": 30, "batch": 6, "micro_steps": 1, "fullest_pack": 2}
    told = capsys.readouterr().out
    assert "left out: 1 named in data.skip" in told
    assert "micro-steps 1, of at most 2 crops on a GPU" in told


def test_crops_that_do_not_fit_are_one_sentence_that_says_what_would(shards, capsys):
    assert plan_crops(shards, "--gpu-memory", "2.3", settings=["vae.crop_px=256"]) == TOO_LARGE
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "it does not fit; it would with vae.micro_batch=3" in error


def test_what_the_vae_stage_does_not_do_is_said_by_its_plan(shards, capsys):
    assert plan_crops(shards, settings=["network.compile=true"]) == WRONG
    assert "the VAE is not compiled" in capsys.readouterr().err
