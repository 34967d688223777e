"""Finished documents and captions in, progress bars out: rate, ETA, accepted, rejected; off a terminal lines."""

import sys
import threading
import time

from tqdm import tqdm

_LINE_EVERY_S = 30.0


class Progress:
    """Of one run, in this process: its own documents, those that a model captions, the files they are packed into."""

    def __init__(self, total: int) -> None:
        self._terminal = sys.stderr.isatty()
        self._total = total
        self._to_caption = 0
        self._lock = threading.Lock()
        self._started = self._said = self._asked = time.monotonic()
        self._bar = tqdm(total=total, desc="curate", unit="doc", disable=not self._terminal or not total)
        self._packed = tqdm(desc="pack", unit="file", disable=True)
        self._caption_bar = tqdm(desc="caption", unit="sample", disable=True)
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
            if self._is_time_to_say():
                self._say_curated()

    def to_caption(self, total: int) -> None:
        """From now on so many samples are captioned."""
        with self._lock:
            self._to_caption = total
            self._asked = time.monotonic()
            if total and self._terminal:
                self._bar.close()
                self._caption_bar = tqdm(total=total, desc="caption", unit="sample")

    def sample_captioned(self) -> None:
        with self._lock:
            self._caption_bar.update()
            self.captions += 1
            if self._is_time_to_say():
                self._say_captioned()

    def packed(self) -> None:
        with self._lock:
            if self._packed.disable and self._terminal:
                self._bar.close()
                self._caption_bar.close()
                self._packed = tqdm(desc="pack", unit="file")
            self._packed.update()

    def close(self) -> float:
        """Seconds since the start."""
        for bar in (self._bar, self._caption_bar, self._packed):
            bar.close()
        if not self._terminal and self._total:
            self._say_curated()
        if not self._terminal and self._to_caption:
            self._say_captioned()
        return time.monotonic() - self._started

    def _is_time_to_say(self) -> bool:
        return not self._terminal and time.monotonic() - self._said > _LINE_EVERY_S

    def _say_curated(self) -> None:
        done = self.accepted + self.rejected
        pace = self._pace(done, self._total, self._started)
        counts = f"accepted {self.accepted}, rejected {self.rejected}"
        self._say(f"curated {done} of {self._total} documents {pace}, {counts}")

    def _say_captioned(self) -> None:
        pace = self._pace(self.captions, self._to_caption, self._asked)
        self._say(f"captioned {self.captions} of {self._to_caption} samples {pace}")

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        print(line, file=sys.stderr, flush=True)

    def _pace(self, done: int, total: int, started: float) -> str:
        seconds = time.monotonic() - started
        eta_s = seconds * (total - done) / done if done else float("nan")
        return f"in {seconds:.0f} s ({done / seconds:.1f}/s, ETA {eta_s:.0f} s)"


_running: Progress | None = None


def start(total: int) -> Progress:
    """The bar of this process: Beam copies its transforms, so they reach it by module, and elsewhere find none."""
    global _running
    _running = Progress(total)
    return _running


def advance(accepted: bool) -> None:
    if _running is not None:
        _running.advance(accepted)


def to_caption(total: int) -> None:
    if _running is not None:
        _running.to_caption(total)


def sample_captioned() -> None:
    if _running is not None:
        _running.sample_captioned()


def packed() -> None:
    if _running is not None:
        _running.packed()
