"""An index says of every sample where its bytes lie; what cannot be indexed is named."""

import io
import json
import os
import pickle
import resource
import shutil
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from data_pipeline.shard_io import index_tar, read_at
from data_pipeline.stack_io.sample import read_sample
from schemas.stack import PlainLayer, Stack
from tests.training.drawn_shards import WORDS, indexed, members_of, sample_of, soft_stack, tar
from tests.training.made_index import index_of
from tests.training.made_index import row as made_row
from training.index import read_index, write_index
from training.indexing import build_index
from training.recipes import COMPOSITE
from training.storage import find_shards


def picture(width, height, kind="PNG", mode="RGB"):
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, kind)
    return out.getvalue()


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
        assert row["opaque"] == (sample.composite[..., 3].mean() > 254.745)
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


def test_a_picture_without_caption_is_indexed_for_whom_it_serves(tmp_path):
    index = indexed(tmp_path, [("a.png", picture(40, 30))])
    assert index.facts(0).captions == ()
    assert list(index.members(0)) == ["png"]


def test_an_index_comes_back_from_its_file(dataset, tmp_path):
    index = build_index(find_shards(str(dataset), "train"), WORDS)
    write_index(index, tmp_path / "index.arrow")
    again = read_index(tmp_path / "index.arrow", "words")
    assert again.shards == index.shards
    assert again.table.equals(index.table)


def test_facts_and_members_are_those_of_the_row(dataset):
    index = build_index(find_shards(str(dataset), "train"), WORDS)
    for number, row in enumerate(index.table.to_pylist()):
        facts = index.facts(number)
        assert asdict(facts) == {**{name: row[name] for name in asdict(facts) if name in row}, "captions":
            tuple(row["captions"]), "empty_tokens": 1}  # fmt: skip
        assert [asdict(member) for member in index.members(number).values()] == [
            {"name": member["name"], "offset": member["offset"], "size": member["bytes"]} for member in row["members"]
        ]
        assert index.shard(number) == index.shards[row["shard"]]


def test_rows_of_a_shard_lie_together():
    index = index_of([{**made_row(number), "shard": number // 3} for number in range(5)])
    assert [index.rows_of(shard) for shard in (0, 1)] == [range(3), range(3, 5)]
    assert [index.row_in_shard(number) for number in range(5)] == [0, 1, 2, 0, 1]


def test_captions_of_layers_are_those_of_key_json(dataset):
    index = build_index(find_shards(str(dataset), "train"), WORDS)
    for number in range(len(index)):
        with open(index.shard(number).path, "rb") as file:
            member = index.members(number)["json"]
            metadata = json.loads(read_at(file, member.offset, member.size))
        expected = [(COMPOSITE, one) for one in metadata["captions"]]
        expected += [(layer, one) for layer, one in enumerate(metadata["layer_captions"]) if one]
        assert [(one.layer, one.tokens) for one in index.facts(number).captions] == [
            (layer, WORDS.count(one["text"])) for layer, one in expected
        ]
        assert any(layer >= 0 for layer, _ in expected)


def test_an_index_travels_by_its_file(dataset, tmp_path):
    index = build_index(find_shards(str(dataset), "train"), WORDS)
    write_index(index, tmp_path / "index.arrow")
    stored = read_index(tmp_path / "index.arrow", "words")
    assert len(pickle.dumps(stored)) < 500
    for one in (index, stored):
        again = pickle.loads(pickle.dumps(one))
        assert again.facts(2) == index.facts(2)


def test_an_index_of_another_tokenizer_is_refused(tmp_path):
    write_index(build_index([tar(tmp_path / "x.tar", [("0.png", picture(2, 2)), ("0.txt", b"x")])], WORDS),
                tmp_path / "index.arrow")  # fmt: skip
    with pytest.raises(ValueError, match=r"index\.arrow was made for another tokenizer; remove it"):
        read_index(tmp_path / "index.arrow", "letters")


@pytest.mark.parametrize("image_format", ["png", "webp"])
@pytest.mark.parametrize(("clear", "opaque"), [(0, True), (9, True), (11, False)])
def test_a_composite_is_opaque_where_nearly_nothing_shows_through(tmp_path, image_format, clear, opaque):
    """Of 10,000 pixels, at a thousandth."""
    rgba = np.random.default_rng(0).integers(0, 256, (100, 100, 4), np.uint8)
    rgba[..., 3] = 255
    rgba[0, :clear] = 0
    members = members_of(sample_of(Stack(100, 100, (PlainLayer((0, 0, 100, 100), rgba),))), image_format)
    assert build_index([tar(tmp_path / "x.tar", members)], WORDS).facts(0).opaque == opaque


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


def test_an_index_with_a_byte_of_another_value_is_refused(tmp_path):
    indexed(tmp_path, members_of(sample_of(soft_stack(np.random.default_rng(0), 2, 32, 32))))
    path = tmp_path / "index.arrow"
    whole = path.read_bytes()
    for place in (0, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(
            ValueError, match=r"index\.arrow is no index of shards \(its checksum is another's\); remove it"
        ):
            read_index(path, "words")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("0.png", b"not a picture"), ("0.txt", b"x")], "sample 0: a picture is neither a PNG nor a JPEG nor a WebP"),
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


def test_a_full_disk_is_told_with_the_name_of_the_index(tmp_path):
    index = build_index([tar(tmp_path / "x.tar", [("0.png", picture(4, 2)), ("0.txt", b"x")])], WORDS)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OSError, match=r"x\.arrow cannot be written: File too large"):
            write_index(index, tmp_path / "x.arrow")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


def test_tars_without_the_name_of_a_split_are_trained_on_and_never_held_out(tmp_path):
    path = tar(tmp_path / "00000.tar", [("0.png", picture(4, 2)), ("0.txt", b"x")])
    assert find_shards(str(tmp_path), "train") == [str(path)]
    with pytest.raises(ValueError, match="holds no shard of the split 'validation'"):
        find_shards(str(tmp_path), "validation")


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


def box(edges):
    return lambda metadata: metadata["layers"][1].update(box=edges)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda metadata: metadata.update(width="9"), r"\$\.width: '9' is not of type 'integer'"),
        (lambda metadata: metadata.pop("captions"), "'captions' is a required property"),
        (lambda metadata: metadata.update(schema_version=7), r"\$\.schema_version"),
        (lambda metadata: metadata["captions"][0].pop("text"), r"\$\.captions\[0\]: 'text' is a required"),
        (lambda metadata: metadata["layer_captions"].__setitem__(0, 3), r"\$\.layer_captions\[0\]"),
        (box([0, 0, 5]), r"\$\.layers\[1\]\.box"),
        (box([0, 0, 65, 9]), "contradicts itself: a box beyond the canvas"),
        (box([3, 0, 3, 9]), "contradicts itself"),
        (lambda metadata: metadata.update(kind="single"), "contradicts itself"),
        (lambda metadata: metadata["layers"].reverse(), "contradicts itself"),
        (lambda metadata: metadata.update(layer_captions=[]), "contradicts itself"),
    ],
)  # fmt: skip
def test_a_key_json_that_cannot_be_used_is_told(tmp_path, change, message):
    members = members_of(sample_of(soft_stack(np.random.default_rng(0), 2, 64, 32)))
    changed = []
    for name, data in members:
        metadata = json.loads(data) if name.endswith(".json") else None
        if metadata is not None:
            change(metadata)
            data = json.dumps(metadata).encode()
        changed.append((name, data))
    with pytest.raises(ValueError, match=rf"x\.tar cannot be indexed: sample [0-9a-f]+: .*{message}"):
        build_index([tar(tmp_path / "x.tar", changed)], WORDS)


def test_the_tokens_are_those_that_condition_the_model(tmp_path):
    from model.text_encoder import TextEncoderConfig, load_text_encoder
    from training.counting import counting_of

    encoder = load_text_encoder(TextEncoderConfig("tiny", max_tokens=40))
    counting = counting_of(encoder)
    prompts = ["", " ", "a caption", "long " * 99, "<|im_end|>"]
    assert [counting.count(prompt) for prompt in prompts] == [len(states) for states in encoder(prompts)]
    shorter = load_text_encoder(TextEncoderConfig("tiny", max_tokens=30))
    assert counting_of(shorter).tokenizer != counting.tokenizer
    assert counting_of(load_text_encoder(TextEncoderConfig("tiny", max_tokens=40))).tokenizer == counting.tokenizer
