"""The two steps of the graph that work in child processes: curate a document, build an artifact."""

from abc import abstractmethod
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from beam_jobs import child, progress
from beam_jobs.build import Built, build
from beam_jobs.child import Todo
from beam_jobs.children import PRELOAD, Children, Crashed, Lost, OutOfMemory, OutOfTime, shared_children
from beam_jobs.options import JobOptions
from beam_jobs.packing import Artifact
from beam_jobs.references import Reference
from schemas.reasons import Reason, Stage

_BUILD_SECONDS = 24 * 3600.0


class _InChildren(beam.DoFn):
    """Keeps every child busy within one bundle: up to twice as many calls under way as there are children."""

    def __init__(self, options: JobOptions, curate: child.Curate) -> None:
        self.options = options
        self.curate = curate
        self._pending: dict[Future[Any], Any] = {}

    def start_bundle(self) -> None:
        self._pending = {}

    def process(self, element: Any) -> Iterator[Any]:
        ready = self.at_once(element)
        if ready is not None:
            yield ready
            return
        self._pending[self.submit(self._children(), element)] = element
        yield from self._finished(2 * self.options.workers)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        window = GlobalWindow()
        for result in self._finished(1):
            yield WindowedValue(result, window.max_timestamp(), [window])

    def at_once(self, element: Any) -> Any:
        """The result where no child is needed, else None."""

    @abstractmethod
    def submit(self, children: Children, element: Any) -> "Future[Any]":
        """The call that a child is to make."""

    @abstractmethod
    def result(self, element: Any, outcome: Any) -> Any:
        """What is emitted for what the child answered, or how the call was lost."""

    def _finished(self, enough: int) -> Iterator[Any]:
        """Results that are there; waits as long as `enough` calls are under way."""
        while self._pending:
            done, _ = wait(self._pending, timeout=None if len(self._pending) >= enough else 0,
                           return_when=FIRST_COMPLETED)  # fmt: skip
            if not done:
                return
            for future in done:
                yield self.result(self._pending.pop(future), future.result())

    def _children(self) -> Children:
        preload = (*PRELOAD, self.curate.__module__)
        return shared_children(self.options.workers, self.options.curate.max_memory_bytes, preload)


class Curate(_InChildren):
    """Todo -> Reference. A document that costs too much, or kills its process, becomes a rejection."""

    def at_once(self, element: Todo) -> Reference | None:
        if element.document.problem is None:
            return None
        progress.advance(False)
        return self._reject(element, Stage.DISCOVER, Reason.UNREADABLE, element.document.problem)

    def submit(self, children: Children, element: Todo) -> "Future[Any]":
        seconds = self.options.curate.max_seconds
        return children.submit(child.work, element, self.options, self.curate, seconds=seconds)

    def result(self, element: Todo, outcome: Reference | Lost) -> Reference:
        if isinstance(outcome, OutOfTime):
            message = f"took more than {outcome.seconds:g} s"
            outcome = self._reject(element, Stage.FLATTEN, Reason.OUT_OF_TIME, message)
        elif isinstance(outcome, OutOfMemory):
            message = f"took more than {outcome.limit_bytes} bytes"
            outcome = self._reject(element, Stage.FLATTEN, Reason.OUT_OF_MEMORY, message)
        elif isinstance(outcome, Crashed):
            outcome = self._reject(element, Stage.FLATTEN, Reason.CRASHED, outcome.message)
        progress.advance(outcome.reason is None)
        return outcome

    def _reject(self, element: Todo, stage: Stage, reason: Reason, message: str) -> Reference:
        return child.reject(self.options, element.document, stage, reason, message)


class Build(_InChildren):
    """Artifact -> Built. `before` are the artifacts that lie under OUTPUT: one of the same recipe is kept."""

    def __init__(self, options: JobOptions, curate: child.Curate, before: dict[str, Built]) -> None:
        super().__init__(options, curate)
        self.before = before

    def at_once(self, element: Artifact) -> Built | None:
        before = self.before.get(element.name)
        return before if before is not None and before.recipe == element.recipe else None

    def submit(self, children: Children, element: Artifact) -> "Future[Any]":
        return children.submit(build, element, self.options.output, self.options.beam_flags, seconds=_BUILD_SECONDS)

    def result(self, element: Artifact, outcome: Built | Lost) -> Built:
        if isinstance(outcome, Lost):
            raise RuntimeError(f"{element.name} could not be written: {outcome}")
        progress.packed()
        return outcome
