"""Batches of references in, the same with the captions that a model wrote out: a Beam ModelHandler.

What Beam batches and weighs is references; the pixels of a batch are read where the model is. A model in this process
answers a batch at once, and batches are as large as its visual tokens allow. Of the batch of a server, each sample is
read when its turn comes and goes its own way, so that no answer waits for a slower one, and pixels for nothing.
"""

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from apache_beam.ml.inference.base import ModelHandler

from beam_jobs import files, progress
from beam_jobs.models import bare_model, memory
from beam_jobs.options import JobOptions
from beam_jobs.records import Record, unpack_record, with_captions
from beam_jobs.references import Reference
from beam_jobs.scratch import read_slice, store_captions
from data_pipeline.caption.server import Server
from data_pipeline.caption.vision import GONE, Answer, Keep, ModelGone, Question, Remembered, VisionModel, nothing
from data_pipeline.shard_io import index_tar, read_at
from data_pipeline.stack_io.images import decode_image
from schemas.captions import Caption, Captioned
from schemas.members import COMPOSITE, layer_name, member
from schemas.options import DETECTORS
from schemas.reasons import Fate

_PX_PER_TOKEN = 28 * 28
_TOKENS_AT_ONCE = 1 << 16  # of a batch of samples: some 50 composites of a megapixel
_MOST_AT_ONCE = 128
_END = bytes(1024)
_SAMPLES_A_QUESTION = 64  # of a server's batch, for each question that it is asked at a time: few wait for the last
_READ_AHEAD = 4  # samples that are got ready while a server is asked about others
_RECENT, _MOST_GONE = 64, 3  # of so many captions, so many without an answer: the model counts as gone


class Handler(ModelHandler[Reference, Reference, VisionModel]):
    """Batches of references to a model that is loaded once on a machine, whatever the number of processes there."""

    def __init__(self, options: JobOptions) -> None:
        size = _SAMPLES_A_QUESTION * options.concurrency if options.url else _TOKENS_AT_ONCE
        weigh = None if options.url else partial(visual_tokens, with_layers=options.captions.caption_layers)
        super().__init__(
            min_batch_size=size,  # the last batch of a bundle may be smaller
            max_batch_size=size,
            element_size_fn=weigh,
            large_model=not options.url,  # a server has its model itself
        )
        self.options = options

    def load_model(self) -> VisionModel:
        model = bare_model(self.options)
        return _Served(model, self.options) if isinstance(model, Server) else model

    def run_inference(
        self, batch: Sequence[Reference], model: VisionModel, inference_args: dict[str, Any] | None = None
    ) -> Iterator[Reference]:
        options = self.options
        remembered = model if isinstance(model, _Served) else Remembered(_shared(model, options), memory(options))
        stopped = model.stopped if isinstance(model, _Served) else nullcontext
        ask = partial(self._captioned, remembered)
        parts = [[one] for one in batch] if self.options.url else [batch]
        threads = ThreadPoolExecutor(self.options.concurrency + _READ_AHEAD if self.options.url else 1)
        captions: list[Caption] = []
        try:
            for references, answers in threads.map(ask, parts):
                captions += answers
                _check_alive(captions[-_RECENT:], _MOST_GONE)
                yield from references
            _check_alive(captions, len(captions))
        except BaseException:  # Ctrl-C too: nobody waits any more for what has not been asked yet
            with stopped():
                threads.shutdown(cancel_futures=True)
            raise
        threads.shutdown()

    def _captioned(self, model: VisionModel, batch: Sequence[Reference]) -> tuple[list[Reference], list[Caption]]:
        """References to the same with their captions, and these."""
        from data_pipeline.caption.asking import captioned  # its kernels are for where a model is

        files.configure(self.options.beam_flags)
        output, options = self.options.output, self.options.captions
        records = [unpack_record(read_slice(output, one.record)) for one in batch]
        seen = [
            _pictured(output, one, record, options.caption_layers) for one, record in zip(batch, records, strict=True)
        ]
        answers = captioned(model, self.options.curate.captioner, seen, options)
        references = []
        for one, record, answer in zip(batch, records, answers, strict=True):
            references.append(store_captions(output, one, with_captions(record, answer)))
            if references[-1].captioned:
                progress.captioned()
        return references, [caption for answer in answers for caption in _captions(answer)]

    def get_num_bytes(self, batch: Sequence[Reference]) -> int:
        return sum(one.images.length for one in batch if one.images is not None)

    def get_metrics_namespace(self) -> str:
        return "Captions"


@dataclass(frozen=True)
class _Shared:
    """A model that may live in another process, from where it gives answers and nothing else."""

    name: str
    revision: str
    model: VisionModel

    def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
        return self.model.answers(questions, keep)


def _shared(model: VisionModel, options: JobOptions) -> _Shared:
    return _Shared(options.caption_model, options.caption_revision, model)


class _Served(Remembered):
    """A server and what it has answered, one for all threads and bundles of a process: nothing is asked twice."""

    def __init__(self, server: Server, options: JobOptions) -> None:
        super().__init__(_shared(server, options), memory(options))
        self.stopped = server.stopped


def visual_tokens(one: Reference, with_layers: bool = False) -> int:
    """About those of its composite, and at most those of its layers, as Qwen2.5-VL counts them; so many at least that a
    batch has an end."""
    pictures = 1 + (one.layers if with_layers else 0)
    return max(pictures * one.area_px // _PX_PER_TOKEN, _TOKENS_AT_ONCE // _MOST_AT_ONCE)


def _captions(answer: Captioned) -> list[Caption]:
    return [caption for caption in (*answer.captions, *answer.layer_captions) if caption is not None]


def _check_alive(captions: Sequence[Caption], most: int) -> None:
    """Raises ModelGone where so many, or more, stayed without an answer."""
    gone = [caption for caption in captions if caption.finish_reason == GONE]
    if gone and len(gone) >= most:
        raise ModelGone(f"{gone[0].model} answers no more ({gone[0].message}); the same command goes on from here")


def _pictured(output: str, one: Reference, record: Record, with_layers: bool) -> Any:
    from data_pipeline.caption.asking import Pictured

    assert one.images is not None, "only samples are captioned"
    run = io.BytesIO(read_slice(output, one.images) + _END)
    members = {member.name: member for member in index_tar(run)}
    metadata = record["metadata"]
    extension = metadata["layers"][0]["file"].rpartition(".")[2]

    def picture(name: str, width: int, height: int) -> Any:
        found = members[member(metadata["key"], name, extension)]
        return decode_image(read_at(run, found.offset, found.size), extension, width, height)

    boxes = [layer["box"] for layer in metadata["layers"]] if with_layers else []
    rows = [row for row in record["layers"] if row["text"] and row["drop_reason"] not in DETECTORS]
    texts = [(row["text"], row["fate"] != Fate.DROPPED) for row in rows]
    return Pictured(
        picture(COMPOSITE, metadata["width"], metadata["height"]),
        tuple(picture(layer_name(k), box[2] - box[0], box[3] - box[1]) for k, box in enumerate(boxes)),
        shown=tuple(text for text, is_shown in texts if is_shown),
        hidden=tuple(text for text, is_shown in texts if not is_shown),
    )
