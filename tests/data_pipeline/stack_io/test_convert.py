"""`make convert`: one stack by the suffix of its name, or all of a dataset or a folder into one format."""

import numpy as np
import pytest

from data_pipeline.stack_io.collection import stacks_in
from data_pipeline.stack_io.convert import FORMATS, main
from data_pipeline.stack_io.formats import read_stack, write_stack
from schemas.stack import PlainLayer, Stack
from tests.data_pipeline.stack_io.drawn_stacks import assert_same

STACK = Stack(9, 8, (PlainLayer((1, 2, 4, 4), np.full((2, 3, 4), 77, np.uint8), name="a", groups=("g",)),))


def test_one_stack_takes_the_format_of_its_new_name(tmp_path):
    write_stack(STACK, tmp_path / "a.psd")
    assert main([str(tmp_path / "a.psd"), str(tmp_path / "new" / "a.ora")]) == 0
    assert_same(STACK, read_stack(tmp_path / "new" / "a.ora"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_of_stacks_becomes_one_of_another_format(tmp_path, form):
    for name in ("in/a.psd", "in/deep/b.v2.ora"):
        write_stack(STACK, tmp_path / name)
    assert main([str(tmp_path / "in"), str(tmp_path / "out"), "--format", form]) == 0
    found = stacks_in(tmp_path / "out")
    assert [ref.name for ref in found] == ["a", "deep/b.v2"]
    for ref in found:
        assert_same(STACK, ref.read())


def test_a_dataset_becomes_psds_by_key(dataset, tmp_path):
    assert main([str(dataset), str(tmp_path), "--format", "psd"]) == 0
    before, after = stacks_in(dataset), stacks_in(tmp_path)
    assert [ref.name for ref in before] == [ref.name for ref in after]
    assert_same(before[0].read(), after[0].read())


def test_what_cannot_be_read_is_named_and_the_rest_is_done(tmp_path, capsys):
    write_stack(STACK, tmp_path / "in/b.psd")
    (tmp_path / "in/a.psd").write_bytes(b"8BPS")
    assert main([str(tmp_path / "in"), str(tmp_path / "out"), "--format", "svg"]) == 1
    told = capsys.readouterr()
    assert "lamina: " in told.err
    assert "a.psd: damaged_file" in told.err
    assert told.out == "converted 1 of 2\n"


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("none", "a.psd", "no such file or folder"),
        ("in", "a.psd", "holds 2 stacks; --format names that of a folder of them"),
        ("in/a.psd", "a.gif", "not in '.gif'"),
        ("in/a.psd", "in/a.psd", "a.psd: is the input, which stays as it is"),
        ("in", "in/more", "more: lies in the input"),
    ],
)
def test_a_wrong_input_or_output_is_one_sentence_before_any_work(tmp_path, capsys, source, target, message):
    for name in ("in/a.psd", "in/b.psd"):
        write_stack(STACK, tmp_path / name)
    assert main([str(tmp_path / source), str(tmp_path / target)]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_folder_of_pictures_holds_no_other_stack(tmp_path, capsys):
    for name in ("in/a.psd", "in/a/b.psd"):
        write_stack(STACK, tmp_path / name)
    assert main([str(tmp_path / "in"), str(tmp_path / "out"), "--format", "folder"]) == 2
    assert "would be a folder with that of" in capsys.readouterr().err
    assert main([str(tmp_path / "in"), str(tmp_path / "out"), "--format", "zip"]) == 0
    assert [ref.name for ref in stacks_in(tmp_path / "out")] == ["a", "a/b"]


@pytest.mark.parametrize("form", ["psd", "folder"])
def test_where_nothing_can_be_written_the_file_is_named(tmp_path, capsys, form):
    write_stack(STACK, tmp_path / "in/a.psd")
    (tmp_path / "out").write_bytes(b"a file")
    assert main([str(tmp_path / "in"), str(tmp_path / "out"), "--format", form]) == 1
    said = capsys.readouterr().err
    assert "out/a" in said
    assert "cannot be written" in said
    assert ".tmp" not in said


def test_ctrl_c_is_one_sentence_and_nothing_half_written(tmp_path, capsys, monkeypatch):
    write_stack(STACK, tmp_path / "a.psd")

    def interrupted(stack):
        raise KeyboardInterrupt

    monkeypatch.setattr("data_pipeline.stack_io.formats.writable", interrupted)
    assert main([str(tmp_path / "a.psd"), str(tmp_path / "out" / "a.ora")]) == 3
    assert capsys.readouterr().err == "lamina: stopped\n"
    assert [path.name for path in tmp_path.rglob("*")] == ["a.psd"]
