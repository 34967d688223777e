"""Memory that two processes map is used again when nobody looks at it, and never before."""

import multiprocessing

import numpy as np
import pytest

from training.blocks import Reader, Writer, send_descriptor


@pytest.fixture
def ends():
    """Both sides, in one process; `pass_on` does what the loader does."""
    connection, theirs = multiprocessing.Pipe()
    writer, reader = Writer(), Reader()

    def pass_on(*arrays):
        writer.give_back(reader.take_freed())
        placed, descriptor = writer.place([memoryview(array).cast("B") for array in arrays])
        if descriptor is not None:
            send_descriptor(theirs, descriptor)
        views = reader.views(placed, connection)
        return placed, [np.frombuffer(view, array.dtype) for view, array in zip(views, arrays, strict=True)]

    yield pass_on
    connection.close()
    theirs.close()


def test_arrays_come_out_as_they_went_in(ends):
    arrays = np.arange(70, dtype=np.uint8), np.arange(3.0), np.arange(0, dtype=np.int64), np.arange(5)
    _, views = ends(*arrays)
    for view, array in zip(views, arrays, strict=True):
        np.testing.assert_array_equal(view, array)


def test_a_block_is_used_again_once_all_its_arrays_are_gone(ends):
    first, views = ends(np.zeros(1000), np.ones(1000))
    kept = views.pop()[10:20]
    del views
    second, more = ends(np.full(2000, 5.0))
    assert second.block != first.block
    np.testing.assert_array_equal(kept, 1)
    del kept, more
    third, _ = ends(np.full(1500, 6.0))
    assert third.block in (first.block, second.block)
    assert not third.is_new


def test_blocks_that_became_too_small_are_let_go(ends):
    numbers = set()
    for size in (10, 100, 1000, 10_000, 9_000, 10_000):
        placed, views = ends(np.full(size, size))
        np.testing.assert_array_equal(views[0], size)
        numbers.add(placed.block)
        del views
    assert len(numbers) == 4
    assert placed.block == 3


def test_what_has_no_bytes_takes_no_block(ends):
    placed, views = ends(np.zeros(0))
    assert placed.block == -1
    assert views[0].size == 0
