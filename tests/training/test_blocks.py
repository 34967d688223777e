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

    def reserve(size):
        writer.give_back(reader.take_freed())
        return writer.reserve(size)

    pass_on.reserve = reserve
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


def test_what_was_made_in_reserved_memory_is_not_copied(ends):
    for size in (100, 3000, 200):
        memory = ends.reserve(2 * size)
        first, second = memory[:size], memory[size:]
        first[:], second[:] = 1, 2
        placed, views = ends(second, first)
        assert placed.starts == (size, 0)
        second[:5] = 9  # seen on the other side: it is the same memory
        np.testing.assert_array_equal(views[0][:6], [9] * 5 + [2])
        np.testing.assert_array_equal(views[1], 1)
        del views
    assert not placed.is_new


def test_what_is_not_in_reserved_memory_is_copied_and_that_memory_is_free_again(ends):
    ends.reserve(64)
    _, views = ends(np.arange(8), np.arange(5))
    ends.reserve(1000)[:] = 0
    ends.reserve(1000)[:] = 0  # the one before was not needed
    np.testing.assert_array_equal(views[0], np.arange(8))
    np.testing.assert_array_equal(views[1], np.arange(5))
    placed, more = ends(np.arange(9.0))
    np.testing.assert_array_equal(more[0], np.arange(9.0))
    assert placed.block == 2  # of 1000 bytes: no more were made
