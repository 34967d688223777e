"""A shard as webdataset reads it has the samples that its index says, or is refused."""

import os
import subprocess

import fsspec
import numpy as np
import pytest

from data_pipeline.shard_io import read_at
from tests.training.drawn_shards import WORDS, indexed, members_of, sample_of, soft_stack, tar
from tests.training.test_picture_file import encoded as picture
from training.data import Reader
from training.data_options import Data, Tasks
from training.indexing import build_index
from training.recipes import Task
from training.shard_stream import RawSample, raw_samples
from training.storage import open_shard
from training.variants import VariantPainter


@pytest.fixture
def shards(tmp_path):
    """The index of three samples."""
    rng = np.random.default_rng(0)
    stacks = [soft_stack(rng, layers, 64, 96) for layers in (1, 3, 4)]
    samples = (sample_of(stack, number) for number, stack in enumerate(stacks))
    return indexed(tmp_path, [member for sample in samples for member in members_of(sample)])


def streamed(index):
    numbers = range(len(index.shards))
    return [one for number in numbers for one in raw_samples(0, index, number, index.rows_of(number))]


def by_offset(index, row):
    with open_shard(index.shard(row).path) as file:
        return {name: read_at(file, one.offset, one.size) for name, one in index.members(row).items()}


def assert_whole(index):
    read = streamed(index)
    assert [one.row for one in read] == list(range(len(index)))
    assert [dict(one.contents) for one in read] == [by_offset(index, one.row) for one in read]


def test_every_sample_comes_in_order_with_the_bytes_that_lie_at_its_offsets(shards):
    assert_whole(shards)


def test_only_the_rows_that_are_asked_for_come(shards):
    assert [one.row for one in raw_samples(0, shards, 0, {1})] == [1]


def test_captions_in_capitals_are_read_and_painted(tmp_path):
    png = picture("RGB", "PNG", size=(64, 64))[0]
    index = build_index([tar(tmp_path / "x.tar", [("a.TXT", b"a red square"), ("a.PNG", png)])], WORDS)
    assert_whole(index)
    tasks, data = Tasks({Task.TEXT_TO_RGB: 1.0}, caption_dropout=0), Data((), resolutions=(64,), variants=1)
    (sample,) = streamed(index)
    assert VariantPainter([index], tasks, data)(sample).prompts == ("a red square",)


def test_tars_of_gnu_tar_are_read(tmp_path):
    """Folders, names that begin with `./`, names of more than 100 bytes, a suffix in capitals."""
    folder = tmp_path / "in" / ("d" * 70)
    folder.mkdir(parents=True)
    for number, name in enumerate(("a.PNG", f"{'k' * 60}.png")):
        (folder / name).write_bytes(picture("RGB", "PNG", size=(8, 8), seed=number)[0])
        (folder / f"{name.partition('.')[0]}.txt").write_text("words")
    made = tmp_path / "a.tar"
    subprocess.run(["tar", "-C", str(tmp_path / "in"), "--sort=name", "-cf", str(made), "."], check=True)
    index = build_index([str(made)], WORDS)
    assert len(index) == 2
    assert_whole(index)


@pytest.mark.parametrize("names", [("__x__/a.png",), ("a.png", "a.__url__", "a.__key__", "a.__bad__")])
def test_names_that_webdataset_keeps_for_itself_are_read_as_any_other(names, tmp_path):
    png = picture("RGB", "PNG", size=(8, 8))[0]
    assert_whole(build_index([tar(tmp_path / "x.tar", [(name, png) for name in names])], WORDS))


def test_shards_in_a_store_are_read(shards):
    with open(shards.shards[0].path, "rb") as file, fsspec.open("memory://streamed/train-000000.tar", "wb") as copy:
        copy.write(file.read())
    index = build_index(["memory://streamed/train-000000.tar"], WORDS)
    assert len(index) == len(shards)
    assert_whole(index)


def renamed(data, index):
    return data.replace(index.facts(1).key.encode() + b".json", b"f" * 16 + b".json")


def halved(data, index):
    """What stands at a header is none any more: readers of tars end there."""
    member = index.members(1)["composite.webp"]
    return data[: member.offset - 512] + b"\xff" * 512 + data[member.offset :]


def emptied(data, index):
    return b"\xff" * len(data)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (renamed, "webdataset does not find the sample {key} where the index says it lies"),
        (halved, "webdataset does not find the sample {key} where the index says it lies"),
        (emptied, "{path}: "),
    ],
)
def test_a_shard_of_the_same_size_and_time_with_other_content_is_refused(shards, harm, said):
    path = shards.shards[0].path
    time = os.stat(path).st_mtime_ns
    with open(path, "r+b") as file:
        harmed = harm(file.read(), shards)
        file.seek(0)
        file.write(harmed)
    os.utime(path, ns=(time, time))
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the message is looked at below
        streamed(shards)
    told = str(refusal.value)
    assert told.startswith(f"{path}: ")
    assert said.format(key=shards.facts(1).key, path=path) in told
    assert "<_io" not in told


def test_a_shard_that_has_changed_is_refused(shards):
    os.utime(shards.shards[0].path, ns=(0, 5))
    with pytest.raises(ValueError, match="has changed since it was indexed"):
        streamed(shards)


def test_a_sample_with_two_members_of_a_name_is_refused_by_its_index(tmp_path):
    png = picture("RGB", "PNG", size=(8, 8))[0]
    twice = [("a.png", png), ("a.txt", b"one"), ("a.txt", b"two")]
    with pytest.raises(ValueError, match=r"sample a has two members \.txt"):
        build_index([tar(tmp_path / "x.tar", twice)], WORDS)


def test_what_is_painted_of_them_is_what_training_reads(shards):
    data, tasks = Data((), resolutions=(64,), variants=6), Tasks({Task.IMAGE_TO_LAYERS: 1.0}, merge=0.3)
    reader = Reader([shards])
    for sample in streamed(shards)[1:]:
        variants = VariantPainter([shards], tasks, data)(sample)
        assert len(variants.recipes) > 1
        for recipe, frames, text in zip(variants.recipes, variants.frames, variants.texts, strict=True):
            painted, prompt = reader.painted(0, sample.row, recipe)
            np.testing.assert_array_equal(variants.frames_KHW4[list(frames)], painted)
            assert variants.prompts[text] == prompt


def test_a_picture_that_cannot_be_decoded_is_named_with_the_way_out(shards):
    (_, sample, _) = streamed(shards)
    harmed = RawSample(0, sample.row, {**sample.contents, "layer_00.webp": b"RIFF"})
    paint = VariantPainter([shards], Tasks({Task.IMAGE_TO_LAYERS: 1.0}), Data((), resolutions=(64,), variants=1))
    with pytest.raises(ValueError, match=rf"sample {shards.facts(1).key}: .*data\.skip=\[.*leaves it out"):
        paint(harmed)
