"""Finished documents in, a progress bar out: rate, ETA, accepted, rejected; off a terminal a line now and then."""

import sys
import threading
import time

from tqdm import tqdm

_LINE_EVERY_S = 30.0


class Progress:
    """Of one run, in this process: its own documents, then the files they are packed into."""

    def __init__(self, total: int) -> None:
        self._terminal = sys.stderr.isatty()
        self._total = total
        self._lock = threading.Lock()
        self._started = self._said = time.monotonic()
        self._bar = tqdm(total=total, desc="curate", unit="doc", disable=not self._terminal or not total)
        self._packed = tqdm(desc="pack", unit="file", disable=True)
        self._captioned = tqdm(desc="caption", unit="sample", disable=True)
        self.captions = 0
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
            if not self._terminal and time.monotonic() - self._said > _LINE_EVERY_S:
                self._say()

    def packed(self) -> None:
        with self._lock:
            if self._packed.disable and self._terminal:
                self._bar.close()
                self._packed = tqdm(desc="pack", unit="file")
            self._packed.update()

    def captioned(self) -> None:
        with self._lock:
            if self._captioned.disable and self._terminal:
                self._bar.close()
                self._captioned = tqdm(desc="caption", unit="sample")
            self._captioned.update()
            self.captions += 1
            if not self._terminal and time.monotonic() - self._said > _LINE_EVERY_S:
                self._said = time.monotonic()
                print(f"captioned {self.captions} samples", file=sys.stderr, flush=True)

    def close(self) -> float:
        """Seconds since the start."""
        self._bar.close()
        self._packed.close()
        self._captioned.close()
        if not self._terminal and self._total:
            self._say()
        return time.monotonic() - self._started

    def _say(self) -> None:
        self._said = time.monotonic()
        seconds, done = self._said - self._started, self.accepted + self.rejected
        eta_s = seconds * (self._total - done) / done if done else float("nan")
        print(
            f"curated {done} of {self._total} documents "
            f"in {seconds:.0f} s ({done / seconds:.1f}/s, ETA {eta_s:.0f} s), "
            f"accepted {self.accepted}, rejected {self.rejected}",
            file=sys.stderr,
            flush=True,
        )


_running: Progress | None = None


def start(total: int) -> Progress:
    """The bar of this process: Beam copies its transforms, so they reach it by module, and elsewhere find none."""
    global _running
    _running = Progress(total)
    return _running


def advance(accepted: bool) -> None:
    if _running is not None:
        _running.advance(accepted)


def captioned() -> None:
    if _running is not None:
        _running.captioned()


def packed() -> None:
    if _running is not None:
        _running.packed()
