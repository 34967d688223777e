"""References of samples in, the same with captions that a model wrote out; pixels are read where they are wanted."""

import io
from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np

from beam_jobs import files, progress
from beam_jobs.options import JobOptions
from beam_jobs.records import Record, or_earlier, unpack_record, with_captions
from beam_jobs.references import Reference
from beam_jobs.scratch import read_slice, store_captions
from data_pipeline.caption.asking import Pictured, ask_for_captions, shown
from data_pipeline.caption.picture import Picture
from data_pipeline.caption.vision import VisionModel
from data_pipeline.shard_io import index_tar, read_at
from data_pipeline.stack_io.images import decode_image
from schemas.captions import Caption
from schemas.members import COMPOSITE, layer_name, member
from schemas.options import DETECTORS
from schemas.reasons import Fate

_END = bytes(1024)


def caption_samples(
    model: VisionModel, samples: Sequence[Reference], options: JobOptions
) -> tuple[list[Reference], list[Caption]]:
    """Asks about all of them at once. Beside the references, all that the model wrote, or did not.

    Where it gave no answer, the caption that was there before stays.
    """
    files.configure(options.beam_flags)
    records = [unpack_record(read_slice(options.output, one.record)) for one in samples]
    pictured = [_pictured(one, record, options) for one, record in zip(samples, records, strict=True)]
    written = ask_for_captions(model, options.curate.captioner, pictured, options.captions)
    references = []
    for one, record, captions in zip(samples, records, written, strict=True):
        captioned = with_captions(record, or_earlier(captions, record))
        references.append(store_captions(options.output, one, captioned))
        if references[-1].captioned:
            progress.sample_captioned()
    every = [caption for one in written for caption in (*one.captions, *one.layer_captions)]
    return references, [caption for caption in every if caption is not None]


class _Images:
    """The stored images of a sample, read when the first is wanted."""

    def __init__(self, output: str, one: Reference, metadata: Record) -> None:
        self._output = output
        self._one = one
        self._key = metadata["key"]
        self._extension = metadata["layers"][0]["file"].rpartition(".")[2]

    def encoded(self, name: str) -> bytes:
        found = self._members[member(self._key, name, self._extension)]
        return read_at(self._run, found.offset, found.size)

    def decoded(self, name: str, size: tuple[int, int]) -> np.ndarray:
        return decode_image(self.encoded(name), self._extension, *size)

    @cached_property
    def _members(self) -> Record:
        return {one.name: one for one in index_tar(self._run)}

    @cached_property
    def _run(self) -> io.BytesIO:
        assert self._one.images is not None, "only samples get captions"
        return io.BytesIO(read_slice(self._output, self._one.images) + _END)


def _pictured(one: Reference, record: Record, options: JobOptions) -> Pictured:
    metadata = record["metadata"]
    images = _Images(options.output, one, metadata)
    size = metadata["width"], metadata["height"]
    boxes = [layer["box"] for layer in metadata["layers"]] if options.captions.caption_layers else []
    rows = [row for row in record["layers"] if row["text"] and row["drop_reason"] not in DETECTORS]
    texts = [(row["text"], row["fate"] != Fate.DROPPED) for row in rows]
    return Pictured(
        shown(partial(images.decoded, COMPOSITE, size), size, one.picture or "", partial(images.encoded, COMPOSITE)),
        tuple(_layer(images, k, (box[2] - box[0], box[3] - box[1])) for k, box in enumerate(boxes)),
        shown=tuple(text for text, is_shown in texts if is_shown),
        hidden=tuple(text for text, is_shown in texts if not is_shown),
    )


def _layer(images: _Images, k: int, size: tuple[int, int]) -> Picture:
    name = layer_name(k)
    return shown(partial(images.decoded, name, size), size, stored=partial(images.encoded, name))
