"""Latents that are made once are what training would have encoded, and are refused where they are not."""

import io
import json
import os
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
import webdataset
from safetensors.torch import load, load_file, save_file

from model.checkpoint import save_vae
from model.configs import VAE_CONFIGS
from model.rgba_vae import RgbaVae
from tests.training.drawn_shards import members_of, sample_of, soft_stack, tar
from tests.training.latent_runs import SAMPLES, VARIANTS, contents, draw_dataset, made, words
from tests.training.lone_rank import LONE
from tests.training.on_ranks import ROOT, on_ranks
from tests.training.test_picture_file import encoded as picture
from tests.training.tiny_parts import tiny_config, vae_run
from training import latents
from training.batches import encode
from training.config_files import load_config
from training.latent_settings import find_folder
from training.latents import agree, main, make_all
from training.layered_work import LayeredWork
from training.loader import Loader
from training.terminal import WRONG

STAGES = ("1", "2", "3")
BF16 = 2**-8  # twice what rounding to 8 bits may change, as pictures that are encoded together are rounded, too


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return vae_run(tmp_path_factory.mktemp("vae") / "run")


@pytest.fixture(scope="module")
def cached(tmp_path_factory, start):
    """A dataset, and the folder of its latents for each stage. Read only."""
    dataset = draw_dataset(tmp_path_factory.mktemp("cached"))
    return dataset, {stage: made(stage, dataset, start) for stage in STAGES}


@pytest.fixture
def own(cached, tmp_path):
    """A copy of the dataset with its latents, to break."""
    shutil.copytree(cached[0], tmp_path / "data")
    return tmp_path / "data"


def work_of(stage, dataset, start, output, *settings):
    chosen = (f"data.variants={VARIANTS}", "tasks.merge=0.3", "tasks.blanks=0.4", "tasks.most_blanks=2")
    return LayeredWork(tiny_config(stage, dataset, start, *chosen, *settings), output, LONE)


@pytest.mark.parametrize("stage", STAGES)
def test_training_has_the_same_losses_from_latents_and_from_pixels(cached, start, tmp_path, stage):
    pixels = work_of(stage, cached[0], start, tmp_path)
    stored = work_of(stage, cached[0], start, tmp_path, "data.latents=beside")
    steps = (VARIANTS + 1) * sum(SAMPLES) // 4 + 1  # so that every variant is visited, and the first again
    for step in range(steps):
        plan = pixels.plan(step)
        assert plan == stored.plan(step)
        for pack in (pack for row in plan for pack in row):
            ours, theirs = stored.reader()(pack), pixels.reader()(pack)
            encoded = encode(theirs, pixels._encoders, LONE.device)
            for one, other in zip(stored._cache.encoded(ours, LONE.device), encoded, strict=True):
                assert_alike(one.frames_FChw, other.frames_FChw)
                assert_alike(one.condition_Chw, other.condition_Chw)
                assert_alike(one.text_UW, other.text_UW)
            losses = [work.module(work.prepare(read, LONE.device)).samples_B for work, read in
                      ((stored, ours), (pixels, theirs))]  # fmt: skip
            torch.testing.assert_close(*losses, rtol=BF16, atol=0.0)


def assert_alike(one, other):
    """Within the rounding to bf16."""
    assert (one is None) == (other is None)
    if one is not None:
        assert one.dtype == other.dtype
        torch.testing.assert_close(one, other, rtol=BF16, atol=1e-5)


def test_an_rgb_vae_s_conditions_are_stored_too(cached, start, tmp_path):
    torch.manual_seed(1)
    save_vae(RgbaVae(replace(VAE_CONFIGS["tiny"], image_channels=3)), tmp_path / "rgb" / "vae")
    shutil.copytree(cached[0] / "shards", tmp_path / "data" / "shards")
    condition = f"init.condition_vae={tmp_path / 'rgb'}"
    made("3", tmp_path / "data", start, condition)
    pixels = work_of("3", tmp_path / "data", start, tmp_path, condition)
    stored = work_of("3", tmp_path / "data", start, tmp_path, condition, "data.latents=beside")
    (pack, *_), *_ = stored.plan(0)
    expected = encode(pixels.reader()(pack), pixels._encoders, LONE.device)
    for one, other in zip(stored._cache.encoded(stored.reader()(pack), LONE.device), expected, strict=True):
        assert_alike(one.condition_Chw, other.condition_Chw)
        assert one.condition_Chw is None or not torch.equal(one.condition_Chw, one.frames_FChw[0])
    assert any(one.condition_Chw is not None for one in expected)


def test_a_sample_s_recipes_come_in_turn_whatever_the_seed(cached, start, tmp_path):
    seen = {}
    for seed in (0, 5):
        work = work_of("3", cached[0], start, tmp_path, f"seed={seed}")
        for step in range(40):
            for one in (one for row in work.plan(step) for pack in row for one in pack):
                visit = work.planner.order.at(one.position).epoch
                recipe = seen.setdefault((one.index, visit % VARIANTS), one.recipe)
                assert recipe == one.recipe
    assert len({(row, recipe) for (row, _), recipe in seen.items()}) > len({row for row, _ in seen})


def test_latents_serve_a_run_of_another_seed(cached, start, tmp_path):
    work = work_of("3", cached[0], start, tmp_path, "seed=7", "data.latents=beside")
    assert all(work.reader()(pack) for row in work.plan(3) for pack in row)


@pytest.mark.parametrize("every", [0, 5])
def test_the_text_encoder_is_let_go_where_nothing_is_validated(cached, start, tmp_path, every):
    validated = (f"validation.every={every}", "validation.split=train", "validation.samples=1")
    work = work_of("2", cached[0], start, tmp_path, "data.latents=beside", *validated)
    assert all(one.is_meta == (every == 0) for one in work._encoders.text.parameters())
    (pack, *_), *_ = work.plan(0)
    assert work.module(work.prepare(work.reader()(pack), LONE.device)).samples_B.isfinite().all()
    assert work.frozen() == work_of("2", cached[0], start, tmp_path).frozen()
    assert bool(work.validate(LONE)) == (every > 0)


def test_webdataset_reads_them(cached):
    folder = cached[1]["3"]
    for shard, count in enumerate(SAMPLES):
        samples = list(webdataset.WebDataset(str(folder / f"train-{shard:06d}.tar"), shardshuffle=False))
        assert 0 < len(samples) <= count
        for sample in samples:
            described = json.loads(sample["json"])
            assert described["key"] == sample["__key__"]
            frames = load(sample["latents.safetensors"])["frames"]
            texts = load(sample["text.safetensors"])
            assert frames.dtype == texts["text_0"].dtype == torch.bfloat16
            assert {row for use in described["recipes"] for row in use["frames"]} == set(range(len(frames)))
            assert len(texts) == len(described["prompts"])


def test_equal_pictures_and_texts_are_stored_once(cached):
    for path in cached[1]["3"].glob("*.tar"):
        for sample in webdataset.WebDataset(str(path), shardshuffle=False):
            described = json.loads(sample["json"])
            assert len(set(described["prompts"])) == len(described["prompts"])
            uses = [tuple(use["frames"]) for use in described["recipes"]]
            assert len(load(sample["latents.safetensors"])["frames"]) == len({row for use in uses for row in use})


def test_what_is_there_is_not_made_again_and_what_is_missing_has_the_same_bytes(cached, start, own, capsys):
    folder = own / "latents" / cached[1]["3"].name
    first, second = sorted(folder.glob("*.tar"))
    before = first.stat().st_mtime_ns
    second.unlink()
    (folder / f"{second.name}.{'0' * 32}.tmp").write_bytes(b"of one that was killed")
    assert main(words("3", own, start)) == 0
    assert contents(folder) == contents(cached[1]["3"])
    assert first.stat().st_mtime_ns == before
    assert not list(folder.glob("*.tmp"))
    assert "1 of 2 shards were done before" in capsys.readouterr().out


def test_how_far_it_is_within_a_shard_is_told(start, own, monkeypatch, capsys):
    shutil.rmtree(own / "latents")
    monkeypatch.setattr("training.latents._LINE_EVERY_S", 0.0)
    assert main(words("1", own, start)) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("encoded ")]
    assert [line.partition(" samples in ")[0] for line in lines] == [f"encoded {n} of 9" for n in range(1, 9)]


def test_a_shard_that_has_changed_is_encoded_again(cached, start, own, tmp_path):
    os.utime(own / "shards" / "train-000001.tar", ns=(0, 5))
    assert main(words("3", own, start)) == 0
    assert work_of("3", own, start, tmp_path, "data.latents=beside").reader()


@pytest.mark.long
def test_one_that_is_killed_goes_on_to_the_same_bytes(cached, start, tmp_path):
    shutil.copytree(cached[0] / "shards", tmp_path / "data" / "shards")
    command = [sys.executable, "-m", "training.latents", *words("3", tmp_path / "data", start)]
    rng = random.Random(int(time.time()))
    for _ in range(3):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip
        deadline = time.monotonic() + 120
        while not list((tmp_path / "data").glob("latents/*/train*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(rng.random() * 0.3)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert main(words("3", tmp_path / "data", start)) == 0
    assert contents(tmp_path / "data" / "latents" / cached[1]["3"].name) == contents(cached[1]["3"])


def make_own(ranks, dataset, start):
    """As the command does on each rank."""
    config = latents._config(latents._parser().parse_args(words("3", dataset, start)))
    with ExitStack() as held:
        encoders, indexes, jobs = agree(config, ranks, held)
        make_all(jobs[ranks.rank :: ranks.world], indexes, config, encoders, ranks.device)
        return len(jobs[ranks.rank :: ranks.world])


def test_two_ranks_write_what_one_writes(cached, start, tmp_path):
    shutil.copytree(cached[0] / "shards", tmp_path / "data" / "shards")
    assert on_ranks(2, make_own, tmp_path / "data", start) == [1, 1]
    assert contents(tmp_path / "data" / "latents" / cached[1]["3"].name) == contents(cached[1]["3"])


def test_flat_pictures_are_cached_by_the_names_that_they_have(start, tmp_path):
    pictures = [picture("RGB", "PNG", size=(64, 64), seed=seed)[0] for seed in range(4)]
    members = [
        (f"a/{n}.{kind}", data) for n, png in enumerate(pictures) for kind, data in (("png", png), ("txt", b"x"))
    ]
    (tmp_path / "flat").mkdir()
    tar(tmp_path / "flat" / "pictures.tar", members)
    folder = made("1", tmp_path / "flat", start)
    keys = [one["__key__"] for one in webdataset.WebDataset(str(folder / "pictures.tar"), shardshuffle=False)]
    assert keys == [f"a/{n}" for n in range(4)]
    work = work_of("1", tmp_path / "flat", start, tmp_path, "data.latents=beside")
    assert all(work.reader()(pack) for row in work.plan(0) for pack in row)


def test_shards_that_are_called_part_and_a_number_have_an_index_each(start, tmp_path):
    parts = [tmp_path / "flat" / f"[a] part.{number:03d}" for number in range(2)]
    parts[0].parent.mkdir()
    for number, path in enumerate(parts):
        tar(path, [(f"{number}.png", picture("RGB", "PNG", size=(64, 64))[0]), (f"{number}.txt", b"x")])
    folder = f"data.latents={tmp_path / 'latents'}"
    where = str(parts[0].parent / "*")
    assert main(words("1", where, start, folder)) == 0
    (left,) = tmp_path.glob("latents/*/latents.json")
    left = left.with_name(f"{parts[0].name}.{'f' * 32}.tmp")
    left.touch()
    left.with_name(f"{parts[0].name}.arrow").unlink()
    assert main(words("1", where, start, folder)) == 0
    assert not left.exists()
    work = work_of("1", where, start, tmp_path, folder, "schedule.batch=2")
    assert all(work.reader()(pack) for row in work.plan(0) for pack in row)


def test_a_key_that_no_member_can_be_called_by_is_said_before_any_work(start, tmp_path, capsys):
    (tmp_path / "flat").mkdir()
    with tarfile.open(tmp_path / "flat" / "pictures.tar", "w") as written:
        for kind, data in (("png", picture("RGB", "PNG", size=(64, 64))[0]), ("txt", b"x")):
            info = tarfile.TarInfo(f"{'k' * 120}.{kind}")
            info.size = len(data)
            written.addfile(info, io.BytesIO(data))
    assert main(words("1", tmp_path / "flat", start)) == WRONG
    said = capsys.readouterr().err
    assert f"pictures.tar: the key {'k' * 120} is too long for the names of its latents" in said
    assert "data.skip leaves a sample out" in said
    assert not list(tmp_path.glob("flat/latents/*/*.tar*"))


def test_workers_read_them(cached, start, tmp_path):
    work = work_of("3", cached[0], start, tmp_path, "data.latents=beside")
    packs = [pack for row in work.plan(0) for pack in row]
    assert pickle.loads(pickle.dumps(work.reader()))._folders == work.reader()._folders
    with Loader(work.reader(), packs, 1, 1) as loader:
        for pack, read in zip(packs, loader, strict=True):
            for one, other in zip(read, work.reader()(pack), strict=True):
                np.testing.assert_array_equal(one.frames_FChw, other.frames_FChw)
            work.module(work.prepare(read, LONE.device))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["tasks.merge=0.2"], "tasks.merge is 0.3, here it is 0.2"),
        (["tasks.caption_dropout=0.5"], "tasks.caption_dropout is 0.1, here it is 0.5"),
        (["data.resolutions=[96]"], "data.resolutions is [64], here it is [96]"),
        (["data.variants=2"], "data.variants is 3, here it is 2"),
        (["engine.precision=bf16"], "engine.precision is 'fp32', here it is 'bf16'"),
        (["data.latents=nowhere"], "nowhere holds no latents; make latents makes them"),
    ],
)
def test_latents_of_other_settings_are_refused_with_what_differs(cached, start, tmp_path, settings, said):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the message is looked at below
        work_of("3", cached[0], start, tmp_path, "data.latents=beside", *settings)
    assert said in str(refusal.value)


def test_latents_of_another_vae_are_refused(cached, tmp_path):
    other = vae_run(tmp_path / "other", seed=9)
    with pytest.raises(ValueError, match="the VAE is another; the VAE of the condition is another"):
        work_of("3", cached[0], other, tmp_path, "data.latents=beside")


def test_texts_of_another_encoder_are_refused(cached, start, tmp_path):
    work_of("3", cached[0], start, tmp_path)
    path = tmp_path / "text" / "text_encoder" / "model.safetensors"
    save_file({name: tensor + 0.01 for name, tensor in load_file(path).items()}, path, {"format": "pt"})
    with pytest.raises(ValueError, match=r"of those in \w+ the text encoder is another; make latents"):
        work_of("3", cached[0], start, tmp_path, "data.latents=beside")


def the_tar(own, cached):
    return own / "latents" / cached[1]["3"].name / "train-000001.tar"


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda tar, shard: os.utime(shard, ns=(0, 5)), r"train-000001\.tar is older than .*shards/train-000001\.tar"),
        (lambda tar, shard: os.truncate(tar, tar.stat().st_size // 2), r"train-000001\.tar has been cut short"),
        (lambda tar, shard: tar.unlink(), r"train-000001\.tar has been cut short"),
        (
            lambda tar, shard: tar.with_suffix(".arrow").unlink(),
            r"train-000001\.tar is not there: make",
        ),
        (lambda tar, shard: os.truncate(tar.with_suffix(".arrow"), 99), r"train-000001\.arrow is no index of latents"),
        (
            lambda tar, shard: shutil.copy(tar.with_name("train-000000.arrow"), tar.with_suffix(".arrow")),
            r"train-000001\.tar is older than",
        ),
    ],
)
def test_latents_that_are_stale_or_not_whole_are_refused_before_a_step(cached, start, own, tmp_path, harm, said):
    harm(the_tar(own, cached), own / "shards" / "train-000001.tar")
    with pytest.raises(ValueError, match=said):
        work_of("3", own, start, tmp_path, "data.latents=beside")


def far(row):
    row["json"]["offset"] = 1 << 60


def negative(row):
    row["text.safetensors"]["bytes"] = -1


def nowhere(row):
    row["latents.safetensors"]["offset"] = None


def absent(row):
    row["json"] = None


def of_another(row):
    row["key"] = "0" * 16


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        *((harm, r"train-000001\.arrow names what does not lie in") for harm in (far, negative, nowhere, absent)),
        (of_another, r"train-000001\.tar lacks samples of"),
    ],
)
def test_an_index_of_latents_that_lies_is_refused_before_a_step(cached, start, own, tmp_path, harm, said):
    path = the_tar(own, cached).with_suffix(".arrow")
    table = pa.ipc.open_file(path.read_bytes()).read_all()
    rows = table.to_pylist()
    harm(rows[-1])
    with path.open("wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, table.schema))
    with pytest.raises(ValueError, match=said):
        work_of("3", own, start, tmp_path, "data.latents=beside")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"BF16"', b'"FP16"', "has rows of FP16"),
        (b'"data_offsets":[0,', b'"data_offsets":[9,', "lies beyond its end|has no tensor"),
        (b'{"frames"', b'{"fumes_"', "has no tensor frames"),
        (b'"condition":0', b'"condition":9', "9.* are asked for"),
        (b'"recipes"', b'"receipt"', "does not say what its recipes are made of"),
        (b'"picture":-1', b'"picture":-2', "no latents of the recipe that is planned"),
        (b'"recipes"', b'"recipes:', "its json is damaged"),
    ],
)
def test_a_tar_that_was_tampered_with_is_named_with_its_sample(cached, start, own, tmp_path, old, new, said):
    for path in (own / "latents" / cached[1]["3"].name).glob("*.tar"):
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new))
    work = work_of("3", own, start, tmp_path, "data.latents=beside")
    with pytest.raises(ValueError, match=rf"train-00000\d\.tar, sample [0-9a-f]{{16}}: .*({said})"):
        [work.reader()(pack) for row in work.plan(0) for pack in row]


def test_a_tar_that_took_another_s_place_is_found_out(cached, start, own, tmp_path):
    for path in (own / "latents" / cached[1]["3"].name).glob("*.tar"):
        path.write_bytes(re.sub(rb'"key":"[0-9a-f]{16}"', b'"key":"ffffffffffffffff"', path.read_bytes()))
    work = work_of("3", own, start, tmp_path, "data.latents=beside")
    with pytest.raises(ValueError, match=r"train-00000\d\.tar, sample [0-9a-f]{16}: those there are of f{16}; remove"):
        [work.reader()(pack) for row in work.plan(0) for pack in row]


def test_no_run_starts_from_latents_that_cannot_be():
    for settings, said in (
        (["data.latents=beside"], "latents is 'beside' and variants 0"),
        (["data.variants=65"], "variants is 65"),
    ):
        with pytest.raises(ValueError, match=said):
            load_config(None, "3", settings)
    with pytest.raises(ValueError, match="stage vae is trained on pixels"):
        load_config(None, "vae", ["data.variants=1", "data.latents=beside"])


@pytest.mark.parametrize(
    ("stage", "settings", "said"),
    [
        ("3", ["data.variants=0"], "data.variants is 0: recipes are drawn anew at every visit"),
        ("vae", [], "stage vae is trained on pixels"),
        ("3", ["data.sources=[{where: a}, {where: b}]"], "a is no folder"),
        ("3", ["data.latents=s3://bucket/latents"], "latents lie in a folder, which a store is not"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(start, tmp_path, capsys, stage, settings, said):
    given = words(stage, tmp_path, start, *settings)
    if "sources" in str(settings):
        given[given.index("--data") : given.index("--data") + 2] = []
    assert main(given) == WRONG
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert said in told


def test_a_folder_that_is_no_dataset_stays_empty(start, tmp_path, capsys):
    assert main(words("3", tmp_path, start)) == WRONG
    assert "holds no shard of the split" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_a_vae_the_dataset_stays_as_it_is(tmp_path, capsys):
    (tmp_path / "run" / "transformer").mkdir(parents=True)
    dataset = draw_dataset(tmp_path / "data")
    assert main(words("3", dataset, tmp_path / "run")) == WRONG
    assert "there is no VAE" in capsys.readouterr().err
    assert [path.name for path in dataset.iterdir()] == ["shards"]


def test_shards_that_are_called_alike_need_folders_of_their_own(start, tmp_path, capsys):
    for name in "ab":
        (tmp_path / name).mkdir()
        stack = soft_stack(np.random.default_rng(0), 3, 64, 64)
        tar(tmp_path / name / "train-000000.tar", members_of(sample_of(stack)))
    sources = f"data.sources=[{{where: '{tmp_path}/a'}}, {{where: '{tmp_path}/b'}}]"
    given = words("3", tmp_path, start, sources)
    given[given.index("--data") : given.index("--data") + 2] = []
    assert main([*given, "--set", f"data.latents={tmp_path / 'both'}"]) == WRONG
    assert "are called alike" in capsys.readouterr().err
    assert main(given) == 0
    assert all(list((tmp_path / name).glob("latents/*/train-000000.tar")) for name in "ab")


def test_facts_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "latents.json").write_bytes(b"[")
    with pytest.raises(ValueError, match=r"latents\.json cannot be read"):
        find_folder(Path(tmp_path), {"version": 1})
