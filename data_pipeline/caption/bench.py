"""A model in, Markdown out: what a caption costs beside the model, and what asking in batches gains.

    python -m data_pipeline.caption.bench [MODEL] [--count 16] [--side 1024] [--tokens 64]

MODEL is a name on the hub or a folder; without it, a tiny one of random numbers is made. The first table is CPU time,
on one thread, of one caption of an opaque composite of `--side` squared, best of 9; with a GPU, it is that which makes
values of pictures, and its time is not in the table. The server runs on this machine, in another process, and says the
same at once. The second table is wall time of `--count` captions of composites of different sizes, up to `--tokens`
long. `data_pipeline.caption.random_model` makes a model of the real size to time on a GPU.
"""

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch

from data_pipeline.caption.asking import seen
from data_pipeline.caption.control import flags, quoted_share
from data_pipeline.caption.endpoint import Endpoint
from data_pipeline.caption.network import Network
from data_pipeline.caption.picture import Picture, picture_of
from data_pipeline.caption.prompt import COMPOSITE, prompt
from data_pipeline.caption.qwen import Qwen
from data_pipeline.caption.random_model import save_random_model
from data_pipeline.caption.server import Server
from data_pipeline.caption.vision import Answer, Keep, Question, Remembered, Sampling, VisionModel, nothing
from data_pipeline.stack_io.images import decode_image, encode_image

_TIMES = 9
_TEXTS = [f"Text {k} of a design, as long as such lines are" for k in range(20)]
_ANSWER = Answer("A poster of many things in many colours stands before a plain ground. " * 8, "stop")
_DECODE, _PICTURE = "a stored composite decoded", "composite to picture"
_WORDS_IN, _VALUES, _WORDS_OUT = "words to the model's tokens", "picture to the model's values", "its tokens to words"
_PNG, _SERVED = "picture to PNG", "a question to a server and back"
_WAYS = (_DECODE, _PICTURE, _WORDS_IN, _VALUES, _WORDS_OUT, _PNG, _SERVED)  # not all are taken for a caption
_WORDS = "Describe the picture. " * 50  # about as long as a prompt with a design's own text


def steps(network: Network, server: Server, rgba: np.ndarray, tokens: int) -> dict[str, Callable[[], object]]:
    """What is done for a caption besides generating it, by what to call it; each is independent of the others."""
    height, width = rgba.shape[:2]
    webp = encode_image(rgba, "webp")
    as_png = Question((picture_of(seen(rgba)),), _WORDS, Sampling(tokens))
    as_stored = Question((Picture(lambda: seen(rgba), "name", lambda: webp),), _WORDS, Sampling(tokens))
    said = [*range(100)]
    return {
        _DECODE: lambda: decode_image(webp, "webp", width, height),
        _PICTURE: lambda: seen(rgba),
        "the prompt, with texts": lambda: prompt(COMPOSITE, "long", "en", _TEXTS),
        "quality control of an answer": lambda: (flags(_ANSWER, "en"), quoted_share(_ANSWER.text, _TEXTS)),
        "looking it up among the answers": _looked_up(as_stored),
        _WORDS_IN: lambda: network.token_ids(as_png),
        _VALUES: lambda: network.picture_values([as_png]),
        _WORDS_OUT: lambda: network.answer(said, as_png),
        _PNG: lambda: picture_of(as_png.pictures[0].pixels).png,
        _SERVED: lambda: server.answers([as_stored]),
    }


def totals(costs: Mapping[str, float]) -> dict[str, float]:
    """Of the ways that a caption may go, in the unit of the costs."""
    always = sum(cost for name, cost in costs.items() if name not in _WAYS)
    looked_at = always + costs[_DECODE] + costs[_PICTURE]
    return {
        "all but the model, in this process": looked_at + costs[_WORDS_IN] + costs[_VALUES] + costs[_WORDS_OUT],
        "the same, where a GPU makes the values": looked_at + costs[_WORDS_IN] + costs[_WORDS_OUT],
        "all but a server, of an opaque composite": always + costs[_SERVED],
        "all but a server, of one with transparency": looked_at + costs[_PNG] + costs[_SERVED],
    }


def drawn(side: int, seed: int = 0) -> np.ndarray:
    """An opaque picture, uint8 RGBA [side, side, 4]: what it costs to decode and to encode hangs on what it shows."""
    rng = np.random.default_rng(seed)
    rgba = np.full((side, side, 4), 255, np.uint8)
    rgba[..., :3] = np.linspace(0, 255, side).astype(np.uint8)[:, None, None]
    for left, top, width, height in rng.integers(0, side, (60, 4)):
        rgba[top : top + height // 4, left : left + width // 4, :3] = rng.integers(0, 256, 3)
    return rgba


@contextmanager
def parrot() -> Iterator[Server]:
    """A server that gives one answer to all."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        yield Server(Endpoint(f"http://127.0.0.1:{here.recv()}/v1", "parrot"))
    finally:
        process.kill()
        process.join()


def _serve(port: Connection) -> None:
    choice = {"message": {"content": _ANSWER.text}, "finish_reason": _ANSWER.finish_reason}
    body = json.dumps({"choices": [choice]}).encode()

    class Parrot(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Parrot)
    port.send(server.server_port)
    server.serve_forever()


def questions(count: int, side: int, tokens: int, seed: int = 0) -> list[Question]:
    """Noise: what a picture shows costs nothing, its size does."""
    rng = np.random.default_rng(seed)
    sides = rng.integers(side // 2, side + 1, (count, 2))
    pictures = [rng.integers(0, 256, (height, width, 3), np.uint8) for height, width in sides]
    return [Question((picture_of(picture),), _WORDS, Sampling(tokens)) for picture in pictures]


def one_by_one(model: VisionModel, asked: Sequence[Question]) -> list[Answer]:
    return [model.answers([question])[0] for question in asked]


def _looked_up(question: Question) -> Callable[[], object]:
    class Answered:
        name, revision = "model", "revision"

        def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
            for place in range(len(questions)):
                keep(place, _ANSWER)
            return [_ANSWER] * len(questions)

    remembered = Remembered(Answered(), {})
    remembered.answers([question])
    return lambda: remembered.answers([question])


def _cpu_ms(step: Callable[[], object]) -> float:
    step()  # the first time compiles and fills caches
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    best = min(_seconds(step, time.process_time) for _ in range(_TIMES))
    torch.set_num_threads(threads)
    return 1000 * best


def _seconds(step: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    step()
    return clock() - start


def report(model: Qwen, count: int, side: int, tokens: int) -> str:
    network = model.load()
    with parrot() as server:
        every = steps(network, server, drawn(side), tokens)
        costs = {name: _cpu_ms(step) for name, step in every.items()}
    lines = [f"{model.name} on {network.place}, {os.cpu_count()} CPU cores", "",
             f"| of one caption of {side} x {side} px | CPU ms |", "| --- | ---: |"]  # fmt: skip
    lines += [f"| {name} | {cost:.2f} |" for name, cost in (costs | totals(costs)).items()]
    asked = questions(count, side, tokens)
    one_by_one(model, asked[:1])
    alone_s = _seconds(lambda: one_by_one(model, asked), time.perf_counter)
    together_s = _seconds(lambda: model.answers(asked), time.perf_counter)
    lines += ["", f"| {count} captions of up to {tokens} tokens | captions/s |", "| --- | ---: |",
              f"| one by one | {count / alone_s:.2f} |", f"| in batches | {count / together_s:.2f} |"]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--tokens", type=int, default=64)
    arguments = parser.parse_args()
    measured = (arguments.count, arguments.side, arguments.tokens)
    allow_cpu = os.environ.get("ALLOW_CPU") == "1"
    try:
        if arguments.model is not None:
            print(report(Qwen(arguments.model, allow_cpu), *measured))
            return
        with tempfile.TemporaryDirectory() as folder:
            save_random_model(Path(folder))
            print(report(Qwen(folder), *measured))
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
