"""Finished documents in, a progress bar out: rate, ETA, accepted, rejected; off a terminal a line now and then."""

import sys
import threading
import time

from tqdm import tqdm

_LINE_EVERY_S = 30.0


class Progress:
    """Of one run, in this process. `accepted` and `rejected` are of this run's own documents."""

    def __init__(self, total: int) -> None:
        quiet = not sys.stderr.isatty()
        self._bar = tqdm(total=total, unit="doc", desc="curate", disable=total == 0, smoothing=0.1,
                         mininterval=_LINE_EVERY_S if quiet else 0.5, ascii=quiet)  # fmt: skip
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self.accepted = 0
        self.rejected = 0

    def advance(self, accepted: bool) -> None:
        with self._lock:
            if accepted:
                self.accepted += 1
            else:
                self.rejected += 1
            self._bar.set_postfix_str(f"accepted {self.accepted}, rejected {self.rejected}", refresh=False)
            self._bar.update()

    def close(self) -> float:
        """Seconds since the start."""
        self._bar.close()
        return time.monotonic() - self._started


_running: Progress | None = None


def start(total: int) -> Progress:
    """The bar of this process: Beam copies its transforms, so they reach it by module, and elsewhere find none."""
    global _running
    _running = Progress(total)
    return _running


def advance(accepted: bool) -> None:
    if _running is not None:
        _running.advance(accepted)
