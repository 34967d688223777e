"""What goes wrong at a front door is one sentence; what was written before is whole, and listed."""

import argparse
import errno
from pathlib import Path

import numpy as np
import pytest
import torch

from data_pipeline.stack_io.formats import read_stack
from inference import command_line
from inference.command_line import batches, check_targets, names_of, run_door, write
from inference.pictures import to_stack

STACK = to_stack(torch.ones(2, 4, 8, 8))


def door(*lines):
    """A door whose work gives these lines; an exception among them is raised."""

    def work(options):
        for line in lines:
            if not isinstance(line, str):
                raise line
            yield line

    return run_door(work, argparse.Namespace())


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (ValueError("this is\nwrong"), 2, "lamina: this is wrong"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "lamina: [Errno 28] No space left on device"),
        (KeyboardInterrupt(), 130, "lamina: stopped"),
        (MemoryError(), 2, "out of memory; give fewer LAYERS"),
        (torch.OutOfMemoryError("CUDA out of memory."), 2, "out of memory; give fewer LAYERS"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 2, "out of memory; give fewer LAYERS"),
    ],
)
def test_what_goes_wrong_is_one_sentence_behind_what_was_written(capsys, error, status, message):
    assert door("first", error, "never") == status
    said = capsys.readouterr()
    assert said.out == "first\n"
    assert message in said.err
    assert len(said.err.splitlines()) == 1


def test_a_mistake_of_ours_is_not_hidden():
    with pytest.raises(RuntimeError, match="shape"):
        door(RuntimeError("shape"))


def test_names_have_no_dots_and_differ():
    paths = map(Path, ["a/x.png", "b/x.jpg", "x-2.png", "photo.v2.png", "...png", ".png"])
    assert names_of(list(paths)) == ["x", "x-2", "x-2-2", "photo_v2", "__", "_png"]


def test_stacks_are_written_beside_each_other(tmp_path):
    assert write(STACK, tmp_path, "a").endswith("2 layers of 8 x 8 px")
    assert len(read_stack(tmp_path / "a").layers) == len(read_stack(tmp_path / "a.psd").layers) == 2
    check_targets(tmp_path, ["a"])  # what is ours may be written again
    write(STACK, tmp_path, "a")


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda out: (out / "a").mkdir() or (out / "a" / "mine.txt").touch(), "holds mine.txt"),
        (lambda out: (out / "a").touch(), "no folder"),
        (lambda out: (out / "a.psd").mkdir(), "a.psd is a folder"),
        (lambda out: out.rmdir() or out.touch(), "no folder that can be written to"),
    ],
)
def test_a_target_that_cannot_be_written_is_told(tmp_path, prepare, message):
    out = tmp_path / "out"
    out.mkdir()
    prepare(out)
    with pytest.raises(ValueError, match=message):
        check_targets(out, ["b", "a"])


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("data_pipeline.stack_io.folder.encode_image", full)
    with pytest.raises(OSError, match="No space"):
        write(STACK, tmp_path, "a")
    assert list(tmp_path.iterdir()) == []


def test_batches_are_all_there_is():
    assert [range(5)[part] for part in batches(5, 2)] == [range(0, 2), range(2, 4), range(4, 5)]
    assert command_line.batches(0, 2) == []
    assert np.arange(3)[batches(3, 9)[0]].tolist() == [0, 1, 2]
