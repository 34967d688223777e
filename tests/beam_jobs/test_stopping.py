"""Ctrl-C reaches what other threads do."""

import signal
import threading

import pytest

from beam_jobs.stopping import heard, stoppable


def test_ctrl_c_ends_what_threads_wait_for_and_what_they_begin() -> None:
    begun, stopped, late = threading.Event(), threading.Event(), list[str]()

    def wait() -> None:
        with stoppable(stopped.set):
            begun.set()
            assert stopped.wait(10)

    def begin() -> None:
        try:
            with stoppable(lambda: None):
                late.append("begun")
        except KeyboardInterrupt:
            late.append("stopped")

    def interrupted_run() -> None:
        waiting, beginning = threading.Thread(target=wait), threading.Thread(target=begin)
        with heard():
            waiting.start()
            assert begun.wait(10)
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                beginning.start()
                beginning.join()
                waiting.join()

    with pytest.raises(KeyboardInterrupt):
        interrupted_run()
    assert late == ["stopped"]
    with heard(), stoppable(lambda: None):
        pass  # the next run is not stopped


def test_who_hears_ctrl_c_already_goes_on_hearing_it() -> None:
    heard_by_others = list[int]()
    before = signal.signal(signal.SIGINT, lambda number, frame: heard_by_others.append(number))
    try:
        with heard():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard_by_others == [signal.SIGINT]
