"""Every stack of a dataset, of its shards, of a folder of stacks, by name; read only when asked."""

import os
import pickle
import shutil
import tarfile

import numpy as np
import pytest

from data_pipeline.shard_io import pack
from data_pipeline.stack_io.collection import stacks_in
from data_pipeline.stack_io.formats import write_stack
from schemas.stack import PlainLayer, Stack

STACK = Stack(4, 4, (PlainLayer((0, 0, 2, 2), np.full((2, 2, 4), 9, np.uint8), name="one"),))


def names(path):
    return [ref.name for ref in stacks_in(path)]


def test_a_dataset_its_shards_and_one_of_them_hold_samples_by_key(dataset):
    shards = sorted((dataset / "shards").glob("*.tar"))
    of_all = names(dataset)
    assert len(shards) > 1
    assert of_all == sorted(of_all)
    assert names(dataset / "shards") == of_all
    assert sorted(key for shard in shards for key in names(shard)) == of_all


def test_a_sample_is_read_with_its_layers_named_as_its_members(dataset):
    ref = stacks_in(dataset)[-1]
    stack = pickle.loads(pickle.dumps(ref)).read()
    assert [layer.name for layer in stack.layers] == [f"layer_{index:02d}" for index in range(len(stack.layers))]
    assert all(layer.layer_ids for layer in stack.layers)


def test_a_folder_of_stacks_of_all_kinds_names_them_by_their_paths(tmp_path):
    for name in ("b", "a/deep.psd", "a/c", "z.v2.psb"):
        write_stack(STACK, tmp_path / name)
    (tmp_path / "notes.txt").write_text("no stack")
    assert names(tmp_path) == ["a/c", "a/deep", "b", "z.v2"]
    assert [ref.read().layers[0].name for ref in stacks_in(tmp_path)] == ["one"] * 4


@pytest.mark.parametrize("name", ["single", "single.psd"])
def test_a_single_stack_has_its_own_name(tmp_path, name):
    write_stack(STACK, tmp_path / name)
    assert names(tmp_path / name) == ["single"]


def test_nothing_is_read_before_it_is_asked_for(tmp_path):
    (tmp_path / "broken.psd").write_bytes(b"nothing")
    (ref,) = stacks_in(tmp_path)
    with pytest.raises(ValueError, match=r"broken\.psd: not_a_psd"):
        ref.read()


def test_two_of_one_name_are_both_named(tmp_path):
    for name in ("a.psd", "a.psb"):
        write_stack(STACK, tmp_path / name)
    with pytest.raises(ValueError, match=r"a\.ps[bd] and .*a\.ps[bd] are both called a"):
        stacks_in(tmp_path)


@pytest.mark.parametrize("name", ["", "absent"])
def test_where_there_is_none_the_path_is_named(tmp_path, name):
    with pytest.raises(ValueError, match=str(tmp_path / name)):
        stacks_in(tmp_path / name)


def test_a_damaged_shard_is_named(tmp_path):
    (tmp_path / "x.tar").write_bytes(b"no tar" * 200)
    with pytest.raises(ValueError, match=r"x\.tar: no tar header"):
        stacks_in(tmp_path)


def test_a_shard_whose_names_lead_out_is_refused(tmp_path):
    (tmp_path / "x.tar").write_bytes(pack([("../../etc/passwd.png", b"")]) + bytes(1024))
    with pytest.raises(ValueError, match=r"x\.tar: '\.\./\.\./etc/passwd\.png' is no member of a sample"):
        stacks_in(tmp_path)


def test_pictures_beside_psds_make_their_folder_no_stack(tmp_path):
    write_stack(STACK, tmp_path / "design.psd")
    (tmp_path / "preview1.png").write_bytes(b"")
    (tmp_path / "._design.psd").write_bytes(b"what macOS leaves")
    assert names(tmp_path) == ["design"]


def test_a_damaged_sample_is_named_by_shard_and_key(dataset, tmp_path):
    shard = shutil.copy(next((dataset / "shards").glob("*.tar")), tmp_path / "s.tar")
    data = bytearray(shard.read_bytes())
    at = data.index(b"RIFF")
    data[at : at + 4] = b"JUNK"
    shard.write_bytes(data)
    first = stacks_in(shard)[0]
    with pytest.raises(ValueError, match=rf"s\.tar: {first.name}: an image cannot be decoded"):
        first.read()


def test_a_pipe_is_named_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.psd")
    with pytest.raises(ValueError, match=r"a\.psd: is no regular file"):
        stacks_in(tmp_path)[0].read()


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    write_stack(STACK, tmp_path / "a.psd")
    scandir = os.scandir

    def refusing(path):
        if os.path.basename(path) == "deep":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    (tmp_path / "deep").mkdir()
    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(ValueError, match=r"deep: the folder cannot be read: Permission denied"):
        stacks_in(tmp_path)


def test_a_file_of_another_kind_is_no_stack(tmp_path):
    (tmp_path / "notes.txt").write_text("no stack")
    with pytest.raises(ValueError, match=r"notes\.txt: holds no layer stack"):
        stacks_in(tmp_path / "notes.txt")


def test_a_member_that_is_larger_than_any_stack_is_not_read(tmp_path):
    key = "0123456789abcdef"
    with open(tmp_path / "a.tar", "wb") as file:  # sparse: 5 GiB that no disk holds
        info = tarfile.TarInfo(f"{key}.json")
        info.size = 5 << 30
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(512 + info.size + 1024)
    with pytest.raises(ValueError, match=f"{key}: is larger than"):
        stacks_in(tmp_path / "a.tar")[0].read()
