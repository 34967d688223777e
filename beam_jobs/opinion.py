"""The job's options in, the model that gives second opinions out, with a memory on the job's own file system."""

from dataclasses import dataclass, replace
from functools import cache

from beam_jobs import files
from beam_jobs.options import JobOptions
from data_pipeline.anomaly.detector import Opinion
from data_pipeline.caption.server import Endpoint, Server
from data_pipeline.caption.vision import Remembered

FOLDER = "state/answers"


@dataclass(frozen=True)
class AnswerFolder:
    """A file for each answer; one that was cut short is asked for again."""

    path: str

    def get(self, name: str) -> bytes | None:
        path = self._place(name)
        return files.read(path) if files.exists(path) else None

    def __setitem__(self, name: str, data: bytes) -> None:
        files.write(self._place(name), data)

    def _place(self, name: str) -> str:
        return files.join(self.path, name[:2], f"{name}.json")


def with_model(options: JobOptions) -> JobOptions:
    """Names the model that will be asked, if any is. Raises ValueError where its server cannot be used."""
    if not options.second_opinion:
        return options
    return replace(options, model=Server(options.endpoint).served_model())


def opinion_of(options: JobOptions) -> Opinion | None:
    """None where none is asked for."""
    if not options.second_opinion:
        return None
    return _opinion(options.endpoint, options.answers or files.join(options.output, FOLDER))


@cache  # of each child, whose connections are kept
def _opinion(endpoint: Endpoint, folder: str) -> Opinion:
    from data_pipeline.anomaly.second_opinion import SecondOpinion  # its kernels are for children alone

    return SecondOpinion(Remembered(Server(endpoint), AnswerFolder(folder)))
