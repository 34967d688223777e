"""Packs come in order, whoever reads them; what goes wrong in a worker is told, and nothing hangs or stays."""

import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.conftest import ROOT
from training.loader import Loader, WorkerDied


def echo(pack):
    time.sleep(pack.get("sleep", 0))
    if "refuse" in pack:
        raise ValueError(pack["refuse"])
    if "lacks" in pack:
        raise pack["lacks"]
    if "break" in pack:
        return pack["missing"]
    if "die" in pack:
        os.kill(os.getpid(), pack["die"])
    return pack["value"]


def picture(seed):
    return {"name": f"é{seed}", "frames": np.random.default_rng(seed).integers(0, 256, (seed, 64, 37, 4), np.uint8)}


def own_pid(pack):
    time.sleep(0.05)
    return os.getpid()


def packs_of(count, **more):
    return [{"value": k, "sleep": 0.02 * (k % 3 == 0), **more} for k in range(count)]


@pytest.mark.parametrize(("workers", "ahead"), [(0, 1), (1, 1), (2, 3)])
def test_results_come_in_the_order_of_their_packs(workers, ahead):
    with Loader(echo, packs_of(17), workers, ahead) as results:
        assert list(results) == list(range(17))


def test_arrays_come_whole_and_outlive_the_loader():
    with Loader(picture, [0, 1, 5], 2, 1) as results:
        read = list(results)
    for seed, one in zip((0, 1, 5), read, strict=True):
        assert one["name"] == f"é{seed}"
        np.testing.assert_array_equal(one["frames"], picture(seed)["frames"])
        one["frames"][:] = 7  # torch wants memory that can be written to


def test_no_more_is_read_in_advance_than_asked():
    taken = []

    def packs():
        for k in range(50):
            taken.append(k)
            yield {"value": k}

    with Loader(echo, packs(), workers=1, ahead=3) as results:
        for k in range(4):
            assert next(results) == k
            assert len(taken) <= k + 1 + 3


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_a_refusal_arrives_in_its_turn_with_its_words(workers):
    packs = [*packs_of(3), {"refuse": "a.tar, sample 7: is damaged"}, *packs_of(2)]
    with Loader(echo, packs, workers) as results:
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match=r"^a\.tar, sample 7: is damaged$"):
            next(results)
        assert list(results) == [0, 1]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device", "a.tar"), MemoryError("no 8 bytes to share")])
def test_what_the_system_lacks_is_a_sentence_too(error):
    with Loader(echo, [{"lacks": error}], 1) as results, pytest.raises(ValueError, match=f"^{re.escape(str(error))}$"):
        next(results)


def more_than_may_be_shared(pack):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    return np.zeros(pack, np.uint8)


def test_memory_that_cannot_be_shared_is_told():
    with (
        Loader(more_than_may_be_shared, [100_000], 1) as results,
        pytest.raises(ValueError, match=r"no \d+ bytes to share"),
    ):
        next(results)


def test_a_defect_arrives_with_its_traceback():
    with Loader(echo, [{"break": 1}], 1) as results, pytest.raises(RuntimeError, match=r"in echo(.|\n)*KeyError"):
        next(results)


def test_a_worker_that_is_killed_ends_the_run_with_a_message():
    with Loader(echo, [{"value": 0}, {"die": signal.SIGKILL}, *packs_of(9)], 1) as results:
        assert next(results) == 0
        with pytest.raises(WorkerDied, match=r"that read \{'die'.*was killed \(SIGKILL\): where memory ran out"):
            next(results)
        with pytest.raises(WorkerDied):
            next(results)


def test_a_worker_whose_decoder_crashes_is_told():
    with Loader(echo, [{"die": signal.SIGABRT}], 1) as results, pytest.raises(WorkerDied, match="ended by SIGABRT"):
        next(results)


def test_workers_leave_signals_to_the_run():
    packs = [{"value": 1, "die": signal.SIGTERM}, {"value": 2, "die": signal.SIGINT}]
    with Loader(echo, packs, 1) as results:
        assert list(results) == [1, 2]


def test_closing_ends_what_still_runs():
    others = set(multiprocessing.active_children())
    with Loader(echo, [{"value": 0}, *packs_of(8, sleep=60)], 2, 2) as results:
        assert next(results) == 0
        start = time.monotonic()
    assert time.monotonic() - start < 10
    assert set(multiprocessing.active_children()) <= others


def test_workers_end_with_a_run_that_is_killed():
    lines = "from tests.training.test_loader import own_pid\nfrom training.loader import Loader\nimport time\n"
    lines += "print(*set(Loader(own_pid, range(9), 2)), flush=True)\ntime.sleep(60)"
    run = subprocess.Popen([sys.executable, "-c", lines], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert run.stdout is not None
    workers = [int(pid) for pid in run.stdout.readline().split()]
    run.kill()
    run.wait()
    run.stdout.close()
    until = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{pid}") for pid in workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert workers
    assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]


@pytest.mark.parametrize(("workers", "ahead"), [(-1, 1), (1, 0)])
def test_senseless_numbers_are_refused(workers, ahead):
    with pytest.raises(ValueError, match="they must be at least"):
        Loader(echo, [], workers, ahead)
