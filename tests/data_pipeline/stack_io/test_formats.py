"""What is written in any format is read back the same; what cannot be is one sentence that names the file."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_pipeline.stack_io.formats import SUFFIXES, read_stack, write_stack
from schemas.stack import PlainLayer, Stack
from tests.data_pipeline.stack_io.drawn_stacks import assert_same, stacks

NAMES = ("folder", *(f"file{suffix}" for suffix in SUFFIXES))
STACK = Stack(9, 9, (PlainLayer((1, 2, 4, 4), np.full((2, 3, 4), 77, np.uint8), name="a", groups=("g",)),))
_SAYS_NOTHING_OF_NOTHING = (".psd", ".psb")  # a PSD without layers is a flat picture


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(stack=stacks(least_layers=1))
def test_a_stack_round_trips(name, stack):
    with TemporaryDirectory() as folder:
        write_stack(stack, Path(folder, name))
        assert_same(stack, read_stack(Path(folder, name)))


@pytest.mark.parametrize("name", NAMES)
def test_a_stack_without_layers_round_trips_or_is_refused(tmp_path, name):
    empty = Stack(7, 5, ())
    if name.endswith(_SAYS_NOTHING_OF_NOTHING):
        with pytest.raises(ValueError, match=rf"{name}: a PSD without layers"):
            write_stack(empty, tmp_path / name)
        assert not any(tmp_path.iterdir())
    else:
        write_stack(empty, tmp_path / name)
        assert_same(empty, read_stack(tmp_path / name))


@pytest.mark.parametrize("name", NAMES)
def test_equal_stacks_are_equal_bytes(tmp_path, name):
    turns = []
    for turn in ("first", "second"):
        write_stack(STACK, tmp_path / turn / name)
        files = [path for path in sorted((tmp_path / turn).rglob("*")) if path.is_file()]
        turns.append([path.read_bytes() for path in files])
    assert turns[0] == turns[1]


@pytest.mark.parametrize("name", NAMES)
def test_what_no_format_holds_is_written_as_what_all_hold(tmp_path, name):
    rgba = np.array([[[9, 9, 9, 0], [1, 2, 3, 4]]], np.uint8).repeat(2, axis=1)[:, ::2]  # hidden colour, a stride
    empty = PlainLayer((3, 2, 3, 4), np.zeros((2, 0, 4), np.uint8))
    layer = PlainLayer((1, 1, 3, 2), rgba, name="a\tb\0c\ud800\x1b", groups=("\n",))
    write_stack(Stack(6, 5, (layer, empty)), tmp_path / name)
    back, blank = read_stack(tmp_path / name).layers
    assert (back.name, back.groups) == ("a b\ufffdc\ufffd\ufffd", (" ",))
    assert back.rgba.tolist() == [[[0, 0, 0, 0], [1, 2, 3, 4]]]
    assert blank.box[:2] == (3, 2)
    assert not blank.rgba.any()


@pytest.mark.parametrize("name", ["absent", "absent.psd", "absent.xyz"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(ValueError, match=rf"{name}: no such file"):
        read_stack(tmp_path / name)


def test_an_unknown_suffix_is_named_with_those_that_are_known(tmp_path):
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    for call in (read_stack, lambda path: write_stack(Stack(1, 1, ()), path)):
        with pytest.raises(ValueError, match=r"a\.gif: .*\.psd.*\.psb.*not in '\.gif'"):
            call(tmp_path / "a.gif")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"nonsense", b"8BPS\0\1", b"PK\3\4"])
def test_a_file_that_is_not_what_it_says_is_named(tmp_path, suffix, content):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"broken{suffix}: "):
        read_stack(path)


@cache
def written(name):
    with TemporaryDirectory() as folder:
        write_stack(STACK, Path(folder, name))
        return Path(folder, name).read_bytes()


def failure(path):
    """What reading says is wrong; None where it reads a stack."""
    try:
        read_stack(path)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", NAMES[1:])
@settings(max_examples=60)
@given(position=st.integers(0, 10**6), value=st.integers(0, 255), cut=st.booleans())
def test_a_flipped_byte_or_a_short_file_is_a_stack_or_an_error_that_names_it(name, position, value, cut):
    data = bytearray(written(name))
    position %= len(data)
    data[position] = value
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data[:position] if cut else data)
        message = failure(path)
    assert message is None or message.startswith(f"{path}: ")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("stack", "message"),
    [
        (Stack(0, 5, ()), "has no pixel"),
        (Stack(30_001, 1, ()), "too large"),
        (Stack(1, 1, (PlainLayer((0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8), groups=("g",) * 65),)), "deeper than 64"),
        (Stack(1, 1, (PlainLayer((0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8), groups=("g",)),) * 2000), "2,000 layers"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(tmp_path, name, stack, message):
    with pytest.raises(ValueError, match=f"{name}: .*{message}"):
        write_stack(stack, tmp_path / name)
    assert not any(tmp_path.iterdir())
