"""What is cut off in time, and what is left alone."""

import socket
import threading
import time

import numpy as np
import pytest

from data_pipeline.caption import endpoint
from data_pipeline.caption import server as module
from data_pipeline.caption.deadline import cut_after
from data_pipeline.caption.endpoint import Endpoint
from data_pipeline.caption.picture import picture_of
from data_pipeline.caption.server import Server
from data_pipeline.caption.vision import GONE, Question


def test_what_is_over_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the timer is late, the connection may be somebody else's by then."""
    timer, timers = threading.Timer, list[threading.Timer]()

    def late(seconds, function):
        timers.append(timer(60, function))
        return timers[-1]

    cuts: list[str] = []
    monkeypatch.setattr(threading, "Timer", late)
    with cut_after(1, lambda: cuts.append("in time")):
        timers[0].function()
    timers[0].function()
    assert cuts == ["in time"]


@pytest.mark.parametrize(("answer_s", "reads_after_s"), [(0.5, 60), (60.0, 0.5)])
def test_a_question_may_take_as_long_to_be_sent_as_to_be_answered(
    monkeypatch: pytest.MonkeyPatch, answer_s: float, reads_after_s: float
) -> None:
    """A server that takes a long question slowly, and more so than any connection may take to be made."""
    is_over = threading.Event()
    monkeypatch.setattr(endpoint, "_CONNECT_S", 0.2)
    monkeypatch.setattr(module, "_LOOK_S", 0.1)
    noise = np.random.default_rng(0).integers(0, 255, (1500, 1500, 3), np.uint8)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def read_nothing_for_a_while() -> None:
            connection, _ = listener.accept()
            with connection:
                is_over.wait(reads_after_s)
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(1 << 16)
                head, _, rest = head.partition(b"\r\n\r\n")
                length, body = int(head.lower().split(b"content-length: ")[1].split()[0]), len(rest)
                while body < length and (part := connection.recv(1 << 16)):
                    body += len(part)
                answer = b'{"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}'
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)

        thread = threading.Thread(target=read_nothing_for_a_while, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        started_s = time.monotonic()
        model = Server(Endpoint(url, "tiny", tries=1, answer_s=answer_s))
        (answer,) = model.answers([Question((picture_of(noise),), "What?")])
        took_s = time.monotonic() - started_s
        is_over.set()
    if answer_s < reads_after_s:
        assert (answer.finish_reason, answer.message) == (GONE, "no whole answer in 0.5 s")
        assert took_s < reads_after_s
    else:
        assert answer.text == "yes"
