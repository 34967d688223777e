"""The job's options in, the vision-language model that they name out, with a memory on the job's own file system."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePath, PureWindowsPath

from beam_jobs import files
from beam_jobs.options import JobOptions
from data_pipeline.anomaly.detector import Opinion
from data_pipeline.caption.checkpoint import DEFAULT
from data_pipeline.caption.endpoint import Endpoint
from data_pipeline.caption.qwen import Qwen
from data_pipeline.caption.server import Server
from data_pipeline.caption.vision import ModelGone, Remembered
from schemas.options import MODEL_CAPTIONERS

FOLDER = "state/answers"


@dataclass(frozen=True)
class AnswerFolder:
    """A file for each answer; one that was cut short is asked for again."""

    path: str

    def get(self, name: str) -> bytes | None:
        path = self._place(name)
        with self._usable():
            return files.read(path) if files.exists(path) else None

    def __setitem__(self, name: str, data: bytes) -> None:
        with self._usable():
            files.write(self._place(name), data)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Raises ModelGone where the file system refuses: answers that cannot be kept would be paid for again."""
        try:
            yield
        except OSError as error:
            raise ModelGone(f"answers cannot be kept in {self.path}: {error}") from error

    def _place(self, name: str) -> str:
        return files.join(self.path, name[:2], f"{name}.json")


def with_model(options: JobOptions) -> JobOptions:
    """Names the model that will be asked, if any is, and its revision.

    Raises ValueError where it cannot be used: before any work, and without loading it.
    """
    captions = options.curate.captioner in MODEL_CAPTIONERS
    if not options.second_opinion and not captions:
        return options
    if options.url:
        served = Server(options.endpoint).served_model()
        options = replace(options, model=served)
        name, revision = published_name(served), Server.revision
    else:
        model = qwen_of(options)
        model.check()
        name, revision = PurePath(model.name).name if model.is_folder else model.name, model.revision
    if options.second_opinion:
        options = replace(options, opinion_model=name)
    return replace(options, caption_model=name, caption_revision=revision) if captions else options


def published_name(served: str) -> str:
    """That of a server's model as it may be stored.

    A vLLM that serves a folder names its model by the folder's path, and no dataset is to tell, or to differ by, where
    somebody keeps a model.
    """
    is_path = served.startswith(("/", ".", "~", "\\")) or PureWindowsPath(served).drive
    return (is_path and PureWindowsPath(served).name) or served  # it takes both slashes


def qwen_of(options: JobOptions) -> Qwen:
    """In this process. Needs no torch before it is asked."""
    return Qwen(options.model or DEFAULT, options.allow_cpu)


def server_of(options: JobOptions) -> Server:
    """Of options that `with_model` has completed."""
    return _server(options.endpoint)


def memory(options: JobOptions) -> AnswerFolder:
    """What models have answered, in this run and earlier ones."""
    return AnswerFolder(options.answers or files.join(options.output, FOLDER))


def opinion_of(options: JobOptions) -> Opinion | None:
    """None where none is asked for."""
    if not options.second_opinion:
        return None
    from data_pipeline.anomaly.second_opinion import SecondOpinion  # its kernels are for children alone

    pace = options.per_minute and max(1, options.per_minute // options.workers)  # each child has a pace of its own
    seconds = min(30.0, options.answer_s)  # one word is asked for, of a child whose time is limited
    hasty = replace(options.endpoint, tries=2, answer_s=seconds, per_minute=pace)
    return SecondOpinion(Remembered(_server(hasty), memory(options)))


@cache  # of a process, whose connections are kept
def _server(endpoint: Endpoint) -> Server:
    return Server(endpoint)
