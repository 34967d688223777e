"""What one number of ranks saved, another restores; what is damaged or full is named, and nothing is half-written."""

import json
import os
import resource
import signal

import pytest
import torch

from training.checkpoints import (
    STATE,
    State,
    StoredParameters,
    folder_of,
    read_extra,
    read_state,
    restore,
    save,
    whole,
    write_part,
)
from training.engine import Fragment

SHAPES = {"a": (4, 3), "b": (5,)}
TOTAL = 17


class OneRank:
    """As `Ranks`, of a rank that is alone or writes as if it were."""

    def __init__(self, rank=0):
        self.rank, self.is_first = rank, rank == 0

    def barrier(self):
        """Nobody else is there."""

    def summed(self, values):
        return values


def fragments_of(world, rank):
    """All parameters one behind another, cut into `world` runs."""
    edges = [TOTAL * place // world for place in range(world + 1)]
    low, high = edges[rank], edges[rank + 1]
    at, found = 0, []
    for name, shape in SHAPES.items():
        length = torch.Size(shape).numel()
        start, end = max(low, at), min(high, at + length)
        if start < end:
            found.append(Fragment(name, shape, start - at, end - start, 0, start - low))
        at += length
    return found, torch.arange(low, high, dtype=torch.float32)


def saved(output, world, steps=7, keep=3):
    state = State("3", steps, world, {}, SHAPES)

    def part(rank):
        fragments, flat = fragments_of(world, rank)
        return state, fragments, {"weights": [flat], "ema": [-flat]}

    class First(OneRank):
        def barrier(self):
            """The others write once the folder is there."""
            for rank in range(1, world):
                write_part(
                    folder_of(output, steps).with_name(f".step-{steps:08d}.partial"), *part(rank), {}, OneRank(rank)
                )

    save(output, *part(0), {"x": torch.ones(2)}, First(), keep)
    return folder_of(output, steps)


@pytest.mark.parametrize("before", [1, 2, 3])
@pytest.mark.parametrize("after", [1, 2, 5])
def test_any_number_of_ranks_restores_what_any_other_saved(tmp_path, before, after):
    folder = saved(tmp_path, before)
    for rank in range(after):
        fragments, expected = fragments_of(after, rank)
        flats = {"weights": [torch.zeros_like(expected)], "ema": [torch.zeros_like(expected)]}
        restore(folder, fragments, flats)
        assert torch.equal(flats["weights"][0], expected)
        assert torch.equal(flats["ema"][0], -expected)


def test_whole_parameters_are_read_without_ranks(tmp_path):
    stored = StoredParameters(saved(tmp_path, 3), "weights")
    assert {name: tuple(tensor.shape) for name, tensor in stored.items()} == SHAPES
    assert torch.equal(stored["b"], torch.arange(12, 17, dtype=torch.float32))


def test_what_the_work_keeps_is_read_back(tmp_path):
    assert torch.equal(read_extra(saved(tmp_path, 1))["x"], torch.ones(2))


def test_only_the_last_are_kept(tmp_path):
    for steps in (1, 2, 3, 4):
        saved(tmp_path, 1, steps, keep=2)
    assert [path.name for path in whole(tmp_path)] == ["step-00000003", "step-00000004"]


@pytest.mark.parametrize("damage", ["missing", "cut", "garbage"])
def test_a_damaged_file_is_named(tmp_path, damage):
    folder = saved(tmp_path, 2)
    path = folder / "weights-00001.safetensors"
    data = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(data[: len(data) // 2] if damage == "cut" else os.urandom(100))
    fragments, flat = fragments_of(1, 0)
    with pytest.raises(ValueError, match=r"weights-00001\.safetensors is damaged or missing"):
        restore(folder, fragments, {"weights": [flat]})


def test_other_networks_are_refused(tmp_path):
    folder = saved(tmp_path, 1)
    with pytest.raises(ValueError, match=r"a is \[4, 3\], this network's is \[4, 4\]"):
        restore(folder, [Fragment("a", (4, 4), 0, 16, 0, 0)], {"weights": [torch.zeros(16)]})


@pytest.mark.parametrize("text", ["", "[]", '{"stage": 3}', "[" * 100_000])
def test_a_damaged_state_is_named(tmp_path, text):
    folder = saved(tmp_path, 1)
    (folder / STATE).write_text(text)
    with pytest.raises(ValueError, match=r"state\.json is no state of a run"):
        StoredParameters(folder, "weights")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        *(
            ({name: value}, "a value in it is of another kind")
            for name, value in (
                ("steps_done", "7"), ("steps_done", -7), ("steps_done", True), ("world", "x"), ("world", 0),
                ("world", 1e9), ("stage", 3), ("frozen", None), ("config", []), ("shapes", []), ("shapes", {"a": "4"}),
            )
        ),
        ({"steps_done": 77}, "is of 77 steps, its folder of 7"),
    ],
)  # fmt: skip
def test_a_state_that_says_what_cannot_be_is_named(tmp_path, values, said):
    folder = saved(tmp_path, 1)
    state = json.loads((folder / STATE).read_text())
    (folder / STATE).write_text(json.dumps({**state, **values}))
    with pytest.raises(ValueError, match=rf"state\.json .*{said}"):
        read_state(folder)


def test_a_state_of_another_version_is_refused(tmp_path):
    folder = saved(tmp_path, 1)
    state = json.loads((folder / STATE).read_text())
    (folder / STATE).write_text(json.dumps({**state, "schema_version": "0"}))
    with pytest.raises(ValueError, match="has schema version 0"):
        StoredParameters(folder, "weights")


def test_a_disk_that_fills_up_leaves_earlier_checkpoints_and_no_half_one(tmp_path):
    saved(tmp_path, 1, 1)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # as a full disk: writes beyond it fail
    try:
        with pytest.raises(OSError, match=r"weights-00000\.safetensors cannot be written"):
            saved(tmp_path, 1, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-00000001"]
