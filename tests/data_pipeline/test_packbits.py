"""PackBits against psd-tools' decoder, and on damage."""

from contextlib import suppress

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from psd_tools.compression import decode_rle, encode_rle

from data_pipeline.packbits import unpack


@given(st.integers(1, 300), st.integers(1, 6), st.sampled_from([1, 2]), st.integers(0, 2**32 - 1))
def test_equals_psd_tools(width: int, height: int, version: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (height, width)).astype(np.uint8)
    rows[:, : width // 2] = rng.integers(0, 3, (height, 1))  # runs as well as literals
    packed = encode_rle(rows.tobytes(), width, height, 8, version)
    np.testing.assert_array_equal(unpack(packed, width, height, version), rows)
    assert decode_rle(packed, width, height, 8, version) == rows.tobytes()


@given(st.binary(max_size=200), st.integers(1, 40), st.integers(1, 10), st.sampled_from([1, 2]))
def test_any_bytes_unpack_or_are_refused(data: bytes, width: int, height: int, version: int) -> None:
    with suppress(ValueError):
        assert unpack(data, width, height, version).shape == (height, width)


def test_a_truncated_row_is_named() -> None:
    packed = encode_rle(bytes(range(64)) * 3, 64, 3, 8, 1)
    with pytest.raises(ValueError, match="row 2 of 3 is damaged"):
        unpack(packed[:-1], 64, 3, 1)


def test_a_bomb_is_refused_before_it_is_allocated() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        unpack(b"\0" * 400, 10_000_000, 100, 1)
