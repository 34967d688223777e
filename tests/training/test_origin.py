"""A run says what it starts from; what it cannot start from is named before any work."""

import json

import pytest

from training.network_options import Init
from training.origin import origin_of, write_origin


def folder(path, *parts, stage=None):
    for part in parts:
        (path / part).mkdir(parents=True)
    if stage is not None:
        write_origin(path, {"stage": stage, "steps": 3, "weights": "ema"})
    return path


def finished_run(path, stage, *parts):
    (path / "checkpoints").mkdir(parents=True)
    for weights in ("model", "ema"):
        folder(path / "export" / weights, *parts, stage=stage)
    return path


TEXT = ("text_encoder", "tokenizer", "processor")


def test_without_one_all_is_new():
    origin = origin_of(Init(), "vae")
    assert (origin.transformer, origin.vae, origin.text, origin.stage) == (None, None, None, None)


@pytest.mark.parametrize("weights", ["model", "ema"])
def test_a_finished_run_gives_what_it_exported(tmp_path, weights):
    run = finished_run(tmp_path / "run", "2", "transformer", "vae", *TEXT)
    origin = origin_of(Init(from_=str(run), weights=weights), "3")
    assert origin.transformer == run / "export" / weights / "transformer"
    assert (origin.text, origin.stage) == (run / "export" / weights, "2")


def test_a_published_folder_may_begin_any_stage(tmp_path):
    published = folder(tmp_path / "Qwen-Image", "transformer", "vae", *TEXT)
    for stage in ("vae", "1", "2", "3"):
        assert origin_of(Init(from_=str(published)), stage).vae == published / "vae"


@pytest.mark.parametrize(("came", "stage"), [("vae", "2"), ("1", "3"), ("3", "2"), ("3", "1"), ("2", "vae")])
def test_a_stage_does_not_start_from_another_than_the_one_before(tmp_path, came, stage):
    run = finished_run(tmp_path / "run", came, "transformer", "vae", *TEXT)
    with pytest.raises(ValueError, match=f"is of stage {came}; stage {stage} starts from stage"):
        origin_of(Init(from_=str(run)), stage)


def test_unless_it_is_allowed(tmp_path):
    run = finished_run(tmp_path / "run", "vae", "vae")
    assert origin_of(Init(from_=str(run), stages=("vae",)), "3").stage == "vae"


def test_a_part_of_its_own_goes_before(tmp_path):
    run = finished_run(tmp_path / "run", "1", "transformer", "vae", *TEXT)
    vae = finished_run(tmp_path / "vae", "vae", "vae")
    text = folder(tmp_path / "text", *TEXT)
    origin = origin_of(Init(from_=str(run), vae=str(vae), text=str(text)), "2")
    assert (origin.vae, origin.text) == (vae / "export" / "ema" / "vae", text)


@pytest.mark.parametrize(
    ("made", "init", "said"),
    [
        ((), Init(from_="none"), "is none, which is no folder"),
        (("run/checkpoints",), Init(from_="run"), "it has not finished"),
        (("run/logs",), Init(from_="run"), "has neither transformer nor vae"),
        (("text/tokenizer",), Init(text="text"), "must hold text_encoder and tokenizer"),
        (("v",), Init(vae="v"), "init.vae is v, which holds no vae"),
    ],
)
def test_what_is_no_beginning_is_named(tmp_path, monkeypatch, made, init, said):
    monkeypatch.chdir(tmp_path)
    folder(tmp_path, *made)
    with pytest.raises(ValueError, match=said):
        origin_of(init, "1")


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"stage": "4"}), "[" * 100_000])
def test_an_export_that_does_not_say_its_stage_is_refused(tmp_path, text):
    run = finished_run(tmp_path / "run", "1", "transformer", "vae")
    (run / "export" / "ema" / "lamina.json").write_text(text)
    with pytest.raises(ValueError, match=r"lamina\.json"):
        origin_of(Init(from_=str(run)), "2")
