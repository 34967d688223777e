"""An index says of every sample where its bytes lie; what cannot be indexed is named."""

import io
import json
import os
import shutil

import pytest
from PIL import Image

from data_pipeline.shard_io import TarWriter, index_tar, read_at
from data_pipeline.stack_io.sample import read_sample
from data_pipeline.stack_io.images import encode_image
from training.captions import EMPTY_PROMPT
from training.index import Counting, read_index, write_index
from training.indexing import build_index
from training.recipes import COMPOSITE
from training.storage import find_shards

WORDS = Counting("words", lambda text: 1 + len(text.split()))


def picture(width, height, kind="PNG", mode="RGB"):
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, kind)
    return out.getvalue()


def tar(path, members):
    with open(path, "wb") as file:
        writer = TarWriter(file)
        for name, data in members:
            writer.add(name, data)
        writer.finish()
    return str(path)


def test_the_members_of_every_sample_are_where_the_index_says(dataset):
    index = build_index(find_shards(str(dataset), "train"), WORDS)
    assert len(index) > 0
    for row in index.table.to_pylist():
        with open(index.shards[row["shard"]].path, "rb") as file:
            contents = {f"{row['key']}.{m['name']}": read_at(file, m["offset"], m["bytes"]) for m in row["members"]}
        contents[f"{row['key']}.txt"] = json.loads(contents[f"{row['key']}.json"])["captions"][0]["text"].encode()
        sample = read_sample(contents)
        assert (sample.stack.width, sample.stack.height) == (row["width"], row["height"])
        assert len(sample.stack.layers) == row["layers"]
        assert row["captions"][0]["tokens"] == WORDS.count(sample.caption)
        assert row["opaque"] == (sample.composite[..., 3].min() == 255)
        assert row["kind"] == sample.metadata["kind"]


def test_every_sample_of_every_split_is_there_once(dataset):
    keys = [
        build_index(find_shards(str(dataset), split), WORDS).table["key"].to_pylist()
        for split in ("train", "validation")
    ]
    names = set()
    for path in (dataset / "shards").glob("train-*.tar"):
        with open(path, "rb") as file:
            names |= {member.name.split(".")[0] for member in index_tar(file)}
    assert set(keys[0]) == names
    assert not set(keys[0]) & set(keys[1])


def test_pictures_with_captions_are_indexed_too(tmp_path):
    members = [
        ("a/0001.jpg", picture(30, 20, "JPEG")), ("a/0001.txt", b"a caption"), ("a/0001.json", b"{}"),
        ("0002.png", picture(7, 9, mode="RGBA")), ("0002.txt", "ünïcode".encode()),
        ("0003.webp", picture(5, 5, "WEBP")), ("0003.txt", b""),
    ]  # fmt: skip
    index = build_index([tar(tmp_path / "x.tar", members)], WORDS)
    rows = index.table.to_pylist()
    assert [(row["key"], row["width"], row["height"], row["layers"], row["kind"]) for row in rows] == [
        ("a/0001", 30, 20, 0, "flat"), ("0002", 7, 9, 0, "flat"), ("0003", 5, 5, 0, "flat"),
    ]  # fmt: skip
    assert [[caption["tokens"] for caption in row["captions"]] for row in rows] == [[3], [2], []]
    assert [row["opaque"] for row in rows] == [True, False, True]
    assert [member["name"] for member in rows[0]["members"]] == ["jpg", "txt"]


def test_an_index_comes_back_from_its_file(dataset, tmp_path):
    index = build_index(find_shards(str(dataset), "train"), WORDS)
    write_index(index, tmp_path / "index.arrow")
    again = read_index(tmp_path / "index.arrow", "words")
    assert again.shards == index.shards
    assert again.table.equals(index.table)


def test_an_index_that_is_older_than_its_shards_is_refused(tmp_path):
    path = tar(tmp_path / "x.tar", [("0.png", picture(2, 2)), ("0.txt", b"x")])
    write_index(build_index([path], WORDS), tmp_path / "index.arrow")
    os.utime(path, ns=(1, 1))
    with pytest.raises(ValueError, match=r"index.arrow is older than .*x.tar"):
        read_index(tmp_path / "index.arrow", "words")
    os.unlink(path)
    with pytest.raises(ValueError, match=r"x.tar cannot be read"):
        read_index(tmp_path / "index.arrow", "words")


@pytest.mark.parametrize("content", [b"", b"ARROW1\0\0", b"{}"])
def test_a_damaged_index_is_refused(tmp_path, content):
    (tmp_path / "index.arrow").write_bytes(content)
    with pytest.raises(ValueError, match=r"index.arrow is no index of shards"):
        read_index(tmp_path / "index.arrow", "words")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("0.png", b"not a picture"), ("0.txt", b"x")], "sample 0: a picture is neither a PNG nor a JPEG nor a WebP"),
        ([("0.png", None)], "sample 0: it has no caption"),
        ([("0.txt", b"x")], "sample 0: it has 0 pictures"),
        ([("0.png", None), ("0.jpg", None), ("0.txt", b"x")], "sample 0: it has 2 pictures"),
    ],
)
def test_a_sample_that_cannot_be_indexed_is_named(tmp_path, members, message):
    members = [(name, picture(2, 2) if data is None else data) for name, data in members]
    with pytest.raises(ValueError, match=rf"x.tar cannot be indexed: .*{message}"):
        build_index([tar(tmp_path / "x.tar", members)], WORDS)


def test_a_shard_that_is_cut_short_is_named(dataset, tmp_path):
    path = tmp_path / "train-000000.tar"
    shutil.copy(find_shards(str(dataset), "train")[0], path)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(ValueError, match=r"train-000000.tar cannot be indexed"):
        build_index([str(path)], WORDS)


def test_a_dataset_without_the_split_is_told(tmp_path):
    with pytest.raises(ValueError, match="holds no shard of the split 'train'"):
        find_shards(str(tmp_path), "train")


def test_shards_are_read_through_fsspec(tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    path = tar(tmp_path / "x.tar", [("0.png", picture(4, 2)), ("0.txt", b"x")])
    memory.put(path, "/bucket/x.tar")
    index = build_index(find_shards("memory://bucket", "train"), WORDS)
    assert index.table["width"].to_pylist() == [4]
    memory.rm("/bucket", recursive=True)
