"""A model in, Markdown out: what a caption costs beside the model, and what asking in batches gains.

    python -m data_pipeline.caption.bench [MODEL] [--count 16] [--side 1024] [--tokens 64]

MODEL is a name on the hub or a folder; without it, a tiny one of random numbers is made. The first table is CPU time,
on one thread, of one caption of a composite of `--side` squared, best of 9; with a GPU, it is that which normalises the
pictures, and its time is not in the table. The second is wall time of `--count` captions of composites of different
sizes, each up to `--tokens` long. `data_pipeline.caption.random_model` makes a model of the real size to time on a GPU.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from data_pipeline.caption.asking import seen
from data_pipeline.caption.control import flags, quoted_share
from data_pipeline.caption.network import Network
from data_pipeline.caption.picture import picture_of
from data_pipeline.caption.prompt import COMPOSITE, prompt
from data_pipeline.caption.qwen import Qwen
from data_pipeline.caption.random_model import save_random_model
from data_pipeline.caption.vision import Answer, Question, Remembered, Sampling, VisionModel

_TIMES = 9
_TEXTS = [f"Text {k} of a design, as long as such lines are" for k in range(20)]
_ANSWER = Answer("A poster of many things in many colours stands before a plain ground. " * 8, "stop")
_WORDS = "Describe the picture. " * 50  # about as long as a prompt with a design's own text


def steps(
    model: VisionModel, network: Network, question: Question, rgba: np.ndarray
) -> dict[str, Callable[[], object]]:
    """What is done for a caption besides generating it, by what to call it; each is independent of the others."""
    said = [*range(100)]
    return {
        "composite to picture": lambda: seen(rgba),
        "the prompt, with texts": lambda: prompt(COMPOSITE, "long", "en", _TEXTS),
        "quality control of an answer": lambda: (flags(_ANSWER, "en"), quoted_share(_ANSWER.text, _TEXTS)),
        "a caption that the cache has": _cached(model, question),
        "picture and words to the model's tensors": lambda: network.inputs([question]),
        "the model's tokens to words": lambda: network.answer(said, question),
    }


def questions(count: int, side: int, tokens: int, seed: int = 0) -> list[Question]:
    """Noise: what a picture shows costs nothing, its size does."""
    rng = np.random.default_rng(seed)
    sides = rng.integers(side // 2, side + 1, (count, 2))
    pictures = [rng.integers(0, 256, (height, width, 3), np.uint8) for height, width in sides]
    return [Question((picture_of(picture),), _WORDS, Sampling(tokens)) for picture in pictures]


def one_by_one(model: VisionModel, asked: Sequence[Question]) -> list[Answer]:
    return [model.answers([question])[0] for question in asked]


def _cached(model: VisionModel, question: Question) -> Callable[[], object]:
    remembered = Remembered(model, {})
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
    rgba = np.random.default_rng(0).integers(0, 256, (side, side, 4), np.uint8)
    question = Question((picture_of(seen(rgba)),), _WORDS, Sampling(tokens))
    costs = {name: _cpu_ms(step) for name, step in steps(model, network, question, rgba).items()}
    lines = [f"{model.name} on {network.place}, {os.cpu_count()} CPU cores", "",
             f"| of one caption of {side} x {side} px | CPU ms |", "| --- | --- |"]  # fmt: skip
    lines += [f"| {name} | {cost:.2f} |" for name, cost in [*costs.items(), ("all but the model", sum(costs.values()))]]
    asked = questions(count, side, tokens)
    one_by_one(model, asked[:1])
    alone_s = _seconds(lambda: one_by_one(model, asked), time.perf_counter)
    together_s = _seconds(lambda: model.answers(asked), time.perf_counter)
    lines += ["", f"| {count} captions of up to {tokens} tokens | captions/s |", "| --- | --- |",
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
