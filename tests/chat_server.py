"""A local OpenAI-compatible server that answers as a test asks it to."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


def says(text: str, finish_reason: str = "stop") -> Reply:
    """An answer as vLLM gives it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}
    return sends(json.dumps({"choices": [choice], "usage": {"completion_tokens": len(text.split())}}).encode())


def sends(body: bytes, status: int = 200, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, question: dict[str, Any]) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def stalls(seconds: float) -> Reply:
    """Nothing at all comes."""
    return lambda handler, question: time.sleep(seconds)


def trickles(part: bytes, pause_s: float, **headers: str) -> Reply:
    """A body without an end."""

    def reply(handler: BaseHTTPRequestHandler, question: dict[str, Any]) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        with suppress(OSError):  # the client has gone, as it should
            while True:
                handler.wfile.write(part)
                handler.wfile.flush()
                time.sleep(pause_s)

    return reply


def trickles_header(pause_s: float) -> Reply:
    """A header without an end."""

    def reply(handler: BaseHTTPRequestHandler, question: dict[str, Any]) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        with suppress(OSError):  # the client has gone, as it should
            while True:
                handler.wfile.write(b"a")
                handler.wfile.flush()
                time.sleep(pause_s)

    return reply


class ChatServer(ThreadingHTTPServer):
    """Gives its replies in turn, the last one for ever; keeps what it was asked."""

    daemon_threads = True

    def __init__(self, replies: list[Reply], models: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies = replies
        data = [{"id": name, "object": "model"} for name in models]
        self.list_models = sends(json.dumps({"object": "list", "data": data}).encode())
        self.questions: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times_s: list[float] = []
        self.turn = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_GET(self) -> None:
        assert self.path == "/v1/models"
        self.server.list_models(self, {})

    def do_POST(self) -> None:
        assert self.path == "/v1/chat/completions"
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.turn:
            reply = self.server.replies[min(len(self.server.questions), len(self.server.replies) - 1)]
            self.server.questions.append(question)
            self.server.headers.append(dict(self.headers))
            self.server.times_s.append(time.monotonic())
        reply(self, question)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: pytest's output is for failures."""


@contextmanager
def chat_server(*replies: Reply, models: tuple[str, ...] = ("tiny",)) -> Iterator[ChatServer]:
    server = ChatServer([*replies], [*models])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
