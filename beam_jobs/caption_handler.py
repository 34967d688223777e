"""Batches of references in, the same with the captions that a model wrote out: Beam ModelHandlers.

What Beam batches and weighs is references; the pixels of a batch are read where the model is asked, and go to it alone.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from apache_beam.ml.inference.base import ModelHandler

from beam_jobs import stopping
from beam_jobs.models import memory, qwen_of, server_of
from beam_jobs.options import JobOptions
from beam_jobs.references import Reference
from data_pipeline.caption.qwen import Qwen
from data_pipeline.caption.server import Server
from data_pipeline.caption.vision import (
    GONE,
    Answer,
    Keep,
    ModelGone,
    Pending,
    Question,
    Remembered,
    VisionModel,
    nothing,
)  # fmt: skip
from schemas.captions import Caption

_PX_PER_TOKEN = 28 * 28
_TOKENS_AT_ONCE = 1 << 16  # of a batch of samples: some 50 composites of a megapixel
_MOST_AT_ONCE = 128
_SAMPLES_A_QUESTION = 64  # of a server's batch, for each question that it is asked at a time: few wait for the last
_READ_AHEAD = 4  # samples that are got ready while a server is asked about others
_RECENT, _MOST_GONE = 64, 3  # of so many captions, so many without an answer: the model counts as gone

_pending = Pending()  # of this process: its bundles ask nothing twice


class _CaptionHandler(ModelHandler[Reference, Reference, Any]):
    options: JobOptions

    def get_num_bytes(self, batch: Sequence[Reference]) -> int:
        return sum(one.images.length for one in batch if one.images is not None)

    def get_metrics_namespace(self) -> str:
        return "Captions"


class InProcess(_CaptionHandler):
    """A model that is loaded once on a machine, whatever the number of processes there, and answers a batch at once.

    Batches are as large as its visual tokens allow.
    """

    def __init__(self, options: JobOptions) -> None:
        super().__init__(
            min_batch_size=_TOKENS_AT_ONCE,  # the last batch of a bundle may be smaller
            max_batch_size=_TOKENS_AT_ONCE,
            element_size_fn=partial(visual_tokens, with_layers=options.captions.caption_layers),
            large_model=True,
        )
        self.options = options

    def load_model(self) -> Qwen:
        return qwen_of(self.options)

    def run_inference(
        self, batch: Sequence[Reference], model: Qwen, inference_args: dict[str, Any] | None = None
    ) -> Iterator[Reference]:
        from beam_jobs.sample_captions import caption_samples  # its kernels are for where a model is

        with stopping.stoppable(lambda: None):  # a batch that has begun is finished
            references, _ = caption_samples(_remembered(model, self.options), batch, self.options)
        yield from references


class Served(_CaptionHandler):
    """Of a batch each sample is read when its turn comes and goes its own way: no answer waits for a slower one."""

    def __init__(self, options: JobOptions) -> None:
        size = _SAMPLES_A_QUESTION * options.concurrency
        super().__init__(min_batch_size=size, max_batch_size=size)
        self.options = options

    def load_model(self) -> Server:
        return server_of(self.options)

    def run_inference(
        self, batch: Sequence[Reference], model: Server, inference_args: dict[str, Any] | None = None
    ) -> Iterator[Reference]:
        """Raises ModelGone where the server is."""
        from beam_jobs.sample_captions import caption_samples

        remembered = _remembered(model, self.options)
        threads = ThreadPoolExecutor(self.options.concurrency + _READ_AHEAD)
        captions: list[Caption] = []
        try:
            with stopping.stoppable(model.stop):
                for references, written in threads.map(
                    lambda one: caption_samples(remembered, [one], self.options), batch
                ):
                    captions += written
                    _check_alive(captions[-_RECENT:], _MOST_GONE)
                    yield from references
                _check_alive(captions, len(captions))
        except BaseException:  # Ctrl-C too: nobody waits any more for what has not been asked yet
            with model.stopped():
                threads.shutdown(cancel_futures=True)
            raise
        threads.shutdown()


def handler_of(options: JobOptions) -> InProcess | Served:
    return Served(options) if options.url else InProcess(options)


@dataclass(frozen=True)
class _Shared:
    """A model that may live in another process, from where it gives answers and nothing else."""

    name: str
    revision: str
    model: VisionModel

    def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
        return self.model.answers(questions, keep)


def _remembered(model: VisionModel, options: JobOptions) -> Remembered:
    return Remembered(_Shared(options.caption_model, options.caption_revision, model), memory(options), _pending)


def visual_tokens(one: Reference, with_layers: bool = False) -> int:
    """About those of its composite, and at most those of its layers, as Qwen2.5-VL counts them; so many at least that a
    batch has an end."""
    pictures = 1 + (one.layers if with_layers else 0)
    return max(pictures * one.area_px // _PX_PER_TOKEN, _TOKENS_AT_ONCE // _MOST_AT_ONCE)


def _check_alive(captions: Sequence[Caption], most: int) -> None:
    """Raises ModelGone where so many, or more, stayed without an answer."""
    gone = [caption for caption in captions if caption.finish_reason == GONE]
    if gone and len(gone) >= most:
        raise ModelGone(f"{gone[0].model} answers no more ({gone[0].message}); the same command goes on from here")
