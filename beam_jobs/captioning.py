"""All references in, and out: those of samples with the captions that a model wrote, where one is asked for."""

from collections.abc import Sequence

import apache_beam as beam

from beam_jobs import progress
from beam_jobs.options import JobOptions
from beam_jobs.references import Reference
from schemas.options import MODEL_CAPTIONERS


class Captions(beam.PTransform):
    """A list in, a list out; samples that have a model's captions already keep them."""

    def __init__(self, options: JobOptions) -> None:
        super().__init__()
        self.options = options

    def expand(self, corpus: beam.PCollection) -> beam.PCollection:
        if self.options.curate.captioner not in MODEL_CAPTIONERS:
            return corpus
        from apache_beam.ml.inference.base import RunInference  # it imports torch wherever there is one: 180 MB

        from beam_jobs.caption_handler import handler_of

        references = corpus | "Single" >> beam.FlatMap(_one_by_one)
        done, todo = references | "Wanted" >> beam.Partition(lambda one, _: int(_is_wanted(one)), 2)
        asked = todo | "Spread" >> beam.Reshuffle() | "Ask" >> RunInference(handler_of(self.options))
        return (done, asked) | "All" >> beam.Flatten() | "Corpus" >> beam.combiners.ToList()


def _one_by_one(documents: Sequence[Reference]) -> Sequence[Reference]:
    progress.to_caption(sum(_is_wanted(one) for one in documents))
    return documents


def _is_wanted(one: Reference) -> bool:
    return one.split is not None and one.images is not None and not one.captioned
