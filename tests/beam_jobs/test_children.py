"""A child that hangs, dies or eats memory costs its own call and no other."""

import os
import signal
import time
from concurrent.futures import CancelledError

import numpy as np
import pytest

from beam_jobs.children import Children, Crashed, OutOfMemory, OutOfTime

LIMIT_BYTES = 4 << 30


@pytest.fixture(scope="module")
def children():
    pool = Children(2, LIMIT_BYTES, ())
    yield pool
    pool.close()


def hang():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    while True:
        time.sleep(60)


def square(number):
    return number * number


def eat():
    return np.ones(LIMIT_BYTES, np.uint8).sum()


def defect():
    raise LookupError("ours")


def test_calls_around_a_lost_one_are_answered(children):
    limits = {hang: 1.0, os.abort: 60.0, eat: 60.0}
    bad = [children.submit(function, seconds=seconds) for function, seconds in limits.items()]
    good = [children.submit(square, number, seconds=60.0) for number in range(50)]
    assert [future.result() for future in good] == [number * number for number in range(50)]
    assert bad[0].result() == OutOfTime(1.0)
    assert bad[1].result() == Crashed("the process that curated it was killed by SIGABRT")
    assert bad[2].result() == OutOfMemory(LIMIT_BYTES)


def test_a_defect_is_raised_here(children):
    with pytest.raises(LookupError, match="ours"):
        children.submit(defect, seconds=60.0).result()


def test_an_answer_survives_the_death_of_a_child_between_calls(children):
    victims = [children.submit(os.getpid, seconds=60.0).result() for _ in range(4)]
    for victim in set(victims):
        os.kill(victim, signal.SIGKILL)
    assert [children.submit(square, number, seconds=60.0).result() for number in range(4)] == [0, 1, 4, 9]


def noted(marker):
    with open(marker, "a", encoding="utf-8") as file:
        file.write("begun\n")
    time.sleep(60)


def test_a_closed_pool_begins_nothing_again(tmp_path):
    marker = tmp_path / "marker"
    pool = Children(1, LIMIT_BYTES, ())
    running = pool.submit(noted, str(marker), seconds=60.0)
    while not (marker.exists() and marker.read_text()):
        time.sleep(0.02)
    pool.close()
    with pytest.raises(CancelledError):
        running.result(timeout=20)
    assert marker.read_text() == "begun\n"


def killed_once(marker):
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "answered"
    os.kill(os.getpid(), signal.SIGKILL)
    return None


def test_a_kill_from_outside_costs_no_document(tmp_path):
    pool = Children(1, LIMIT_BYTES, ())
    assert pool.submit(killed_once, str(tmp_path / "marker"), seconds=60.0).result() == "answered"
    pool.close()


def test_every_end_is_told_by_its_own_status_however_many_come_at_once():
    """multiprocessing reads the status of any child from any thread, and the second reader was told 255."""
    pool = Children(8, LIMIT_BYTES, ())
    calls = [pool.submit(os._exit, 3, seconds=60.0) for _ in range(64)]
    assert {call.result() for call in calls} == {Crashed("the process that curated it ended with status 3")}
    pool.close()
