"""What a run did, and when, in `logs/run-*.jsonl`: the only place for clocks, hosts, workers and absolute paths."""

import json
import os
import socket
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from beam_jobs import files
from beam_jobs.options import JobOptions
from beam_jobs.progress import Progress


class Journal:
    """Written when the run ends, well or not; a run that is killed leaves none."""

    def __init__(self, options: JobOptions, inputs: int, todo: int) -> None:
        now = datetime.now(UTC)
        self._path = files.join(options.output, "logs", f"run-{now:%Y%m%dT%H%M%SZ}-{os.getpid()}.jsonl")
        self._started = time.monotonic()
        self._events: list[dict[str, Any]] = []
        where = options.input if files.is_remote(options.input) else os.path.abspath(options.input)
        self._add("start", host=socket.gethostname(), input=where, inputs=inputs, todo=todo, options=asdict(options))

    def finish(self, bar: Progress, manifest: Mapping[str, Any], moved: Sequence[str]) -> None:
        seconds = bar.close()
        done = bar.accepted + bar.rejected
        rate = round(done / seconds, 3) if seconds else None
        self._add("finish", curated=done, seconds=round(seconds, 3), documents_per_s=rate, moved=moved,
                  counts=manifest["counts"])  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._add("error", error="".join(traceback.format_exception(kind, error, trace)))
        text = "".join(json.dumps(event, default=str) + "\n" for event in self._events)
        files.write(self._path, text.encode("utf-8", "backslashreplace"))

    def _add(self, event: str, **values: Any) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self._events.append({"event": event, "at": at, "after_s": round(time.monotonic() - self._started, 3)} | values)
