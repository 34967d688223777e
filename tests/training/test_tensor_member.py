"""Rows of a tensor inside a larger file are what safetensors stored; a file that lies about itself is refused."""

import io
import json

import numpy as np
import pytest
import torch
from safetensors.torch import save

from data_pipeline.shard_io import Member
from training.tensor_member import TensorMember

VALUES = torch.arange(24, dtype=torch.bfloat16).reshape(4, 3, 2)
BEFORE = 7  # bytes of something else


def member_of(data):
    return TensorMember(io.BytesIO(bytes(BEFORE) + data + bytes(100)), Member("x.safetensors", BEFORE, len(data)))


def as_bf16(bits):
    return torch.from_numpy(bits).view(torch.bfloat16)


def with_head(**tensor):
    head = json.dumps({"x": {"dtype": "BF16", "shape": [4, 3, 2], "data_offsets": [0, 48], **tensor}}).encode()
    return len(head).to_bytes(8, "little") + head + bytes(48)


def test_rows_and_wholes_are_what_was_stored():
    member = member_of(save({"x": VALUES, "y": VALUES[0] + 1}))
    assert torch.equal(as_bf16(member.rows("x", [3, 0, 3], (3, 2))), VALUES[[3, 0, 3]])
    assert torch.equal(as_bf16(member.whole("y", (3, 2))), VALUES[0] + 1)
    assert ("x" in member, "z" in member) == (True, False)


@pytest.mark.parametrize("rows", [[4], [-1], [True], [1.0], ["0"]])
def test_rows_that_are_not_there_are_refused(rows):
    with pytest.raises(ValueError, match="has 4 rows"):
        member_of(save({"x": VALUES})).rows("x", rows, (3, 2))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_refused_where_it_is_read(value):
    values = VALUES.clone()
    values[2, 1, 1] = value
    member = member_of(save({"x": values}))
    assert member.rows("x", [0, 1, 3], (3, 2)).shape == (3, 3, 2)
    with pytest.raises(ValueError, match="not finite"):
        member.rows("x", [2], (3, 2))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"short", "no safetensors file"),
        ((1 << 60).to_bytes(8, "little") + bytes(50), "claims a head of"),
        ((2).to_bytes(8, "little") + b"[]", "no mapping"),
        ((2).to_bytes(8, "little") + b"{]", "Expecting"),
        ((2).to_bytes(8, "little") + b"{}", "has no tensor x"),
        (with_head(data_offsets=[0, 50]), "lies beyond its end"),
        (with_head(data_offsets=[8, 56]), "lies beyond its end"),
        (with_head(data_offsets=[-48, 0]), "lies beyond its end"),
        (with_head(shape=[1 << 62, 3, 2]), "lies beyond its end"),
        (with_head(shape=4), "has no tensor x"),
        (with_head(shape=[]), "has no tensor x"),
        (with_head(shape=[4, 2, 3]), "has rows of BF16"),
        (with_head(dtype="I16"), "has rows of I16"),
    ],
)
def test_a_file_that_lies_about_itself_is_refused(data, said):
    with pytest.raises(ValueError, match=said):
        member_of(data).rows("x", [0], (3, 2))


def test_what_comes_may_be_written_to():
    member = member_of(save({"x": VALUES}))
    for bits in (member.rows("x", [0], (3, 2)), member.whole("x", (4, 3, 2))):
        bits += np.int16(1)
