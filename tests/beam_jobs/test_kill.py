"""kill -9 at any point and run again: the bytes of an undisturbed run, and finished documents are not done twice."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from beam_jobs import commit, files
from beam_jobs.children import close_children
from tests.beam_jobs import fake
from tests.beam_jobs.job import ROOT, promised, run, start
from tests.conftest import REAL_PSDS


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for index in range(40):
        fake.write(folder, f"doc{index}.psd", colour=index // 2, layers=1 + index % 3, sleep=0.05)
    fake.write(folder, "copy.psd", colour=0, layers=1, sleep=0.05)
    fake.write(folder, "dies.psd", do="abort")
    return folder


@pytest.fixture(scope="module")
def undisturbed(corpus, tmp_path_factory):
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    run(corpus, output)
    close_children()
    return promised(output)


@pytest.fixture(scope="module")
def documents(drawn_psds):
    """Real designs where there are some, else drawn ones: what is curated here is curated in earnest."""
    return REAL_PSDS if REAL_PSDS.is_dir() else drawn_psds


@pytest.fixture(scope="module")
def finished(documents, tmp_path_factory):
    output = tmp_path_factory.mktemp("finished") / "out"
    assert start(documents, output, 2, "beam_jobs.shards").wait() == 0
    return promised(output)


def kill_after(process, seconds):
    """Whether it was still running; `seconds` of a run include its start."""
    time.sleep(seconds)
    alive = process.poll() is None
    if alive:
        os.kill(process.pid, signal.SIGKILL)  # only itself: its children must end on their own
    process.wait()
    return alive


def test_a_killed_run_goes_on_where_it_was(corpus, undisturbed, tmp_path):
    output = tmp_path / "out"
    process = start(corpus, output, 2)
    finished = output / "state/scratch/finished"
    while len(list(finished.rglob("*/*"))) < 10:
        time.sleep(0.02)
    assert kill_after(process, 0)
    time.sleep(0.3)
    done = len(list(finished.rglob("*/*")))
    fake.curated(corpus)
    run(corpus, output)
    assert promised(output) == undisturbed
    assert len(set(fake.curated(corpus))) == 42 - done


class Stop(BaseException):
    """As good as kill -9: nothing handles it."""


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """INPUT, an OUTPUT that lacks its first document, and what an undisturbed run writes. Read only."""
    place = tmp_path_factory.mktemp("grown")
    for index in range(6):
        fake.write(place / "in", f"{index}.psd", colour=index)
    run(place / "in", place / "fresh")
    (place / "in" / "0.psd").rename(place / "0.psd")
    run(place / "in", place / "out")
    (place / "0.psd").rename(place / "in" / "0.psd")
    return place / "in", place / "out", promised(place / "fresh")


@pytest.mark.parametrize("step", range(0, 24, 3))
def test_a_commit_may_stop_at_every_step(grown, tmp_path, monkeypatch, step):
    source, before, fresh = grown
    output = shutil.copytree(before, tmp_path / "out")
    left = step

    def stopping(function):
        def one(*arguments):
            nonlocal left
            if left == 0:
                raise Stop
            left -= 1
            return function(*arguments)

        return one

    with monkeypatch.context() as patch:
        for name in ("move", "remove", "remove_folder"):
            patch.setattr(files, name, stopping(getattr(files, name)))
        try:
            run(source, output)
        except Stop:
            assert left == 0
    run(source, output)
    assert promised(output) == fresh
    assert not commit.roll_forward(str(output))


def kill_at_random_points(begin, output, count, seed):
    """Kill runs one after another, each when more documents are finished than before; then let one run end.

    Where a run is killed is told by what it has done, not by the clock: a machine may be busy or not.
    """
    chance = random.Random(seed)
    finished = output / "state/scratch/finished"
    for share in sorted(chance.uniform(0, 0.7) for _ in range(5)):
        process = begin()
        while len(list(finished.rglob("*/*"))) < share * count:
            assert process.poll() is None, "it ended before it had finished its documents"
            time.sleep(0.01)
        assert kill_after(process, chance.uniform(0, 0.1))
    assert begin().wait() == 0


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_kills_at_random_points(corpus, undisturbed, tmp_path, workers):
    output = tmp_path / "out"
    kill_at_random_points(partial(start, corpus, output, workers), output, 42, seed=workers)
    assert promised(output) == undisturbed


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_kills_while_real_documents_are_curated(documents, finished, tmp_path, workers):
    output = tmp_path / "out"
    begin = partial(start, documents, output, workers, "beam_jobs.shards")
    count = sum(path.suffix in (".psd", ".psb") for path in documents.rglob("*"))
    kill_at_random_points(begin, output, count, seed=workers)
    assert promised(output) == finished


def test_ctrl_c_says_one_sentence_and_leaves_no_child(tmp_path):
    output, corpus = tmp_path / "out", tmp_path / "corpus"
    for index in range(8):
        fake.write(corpus, f"a{index}.psd", colour=index)
    fake.write(corpus, "b.psd", sleep=300)  # the run cannot end by itself
    command = [sys.executable, "-c", "import sys; from tests.beam_jobs import fake; from beam_jobs import shards\n"
               "shards.run.__defaults__ = (fake.curate,)\nsys.exit(shards.main(sys.argv[1:]))",
               "--input", str(corpus), "--output", str(output)]  # fmt: skip
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore Ctrl-C
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE, text=True,
                          preexec_fn=heeding) as process:  # fmt: skip
        while len(list((output / "state/scratch/finished").rglob("*/*"))) < 5:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=30)[1].splitlines()[-1].startswith("lamina: stopped")
    assert process.returncode == 3
    deadline = time.monotonic() + 5
    while group_is_alive(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def group_is_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
