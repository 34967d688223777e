"""The sums of each step in, what a run tells of the steps since it last told of any out."""

import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from training.configuration import RunConfig
from training.distributed import Ranks
from training.utilisation import peak_flops

LOSS, NOT_FINITE, STOP, TOKENS, FLOPS, SAMPLES = "loss", "not_finite", "stop", "tokens", "flops", "samples"
SUMS = (LOSS, NOT_FINITE, STOP, TOKENS, FLOPS, SAMPLES)  # of a step, over all ranks


class Account:
    """`parts` are the names of the work's own sums over samples."""

    def __init__(self, config: RunConfig, parts: tuple[str, ...], ranks: Ranks) -> None:
        self._parts, self._ranks = parts, ranks
        self._peak = peak_flops(config.engine.peak_tflops, ranks.device)
        self.begin()

    def begin(self) -> None:
        """Forgets what has been told."""
        self._steps, self._waited_s, self._norm, self._lr = 0, 0.0, 0.0, 0.0
        self._sums = dict.fromkeys((*SUMS, *self._parts), 0.0)
        self._began = time.monotonic()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What takes its time within is no training: rates leave it out."""
        began = time.monotonic()
        yield
        self._began += time.monotonic() - began

    def add(self, sums: Mapping[str, float], waited_s: float, norm: float, lr: float) -> None:
        """A step; `waited_s` of it for data, on this rank."""
        self._steps += 1
        self._waited_s += waited_s
        self._norm, self._lr = norm, lr
        for name in self._sums:
            self._sums[name] += sums[name]

    def told(self) -> dict[str, float]:
        seconds = max(1e-9, time.monotonic() - self._began)
        samples = max(1.0, self._sums[SAMPLES])
        told = {
            "loss": self._sums[LOSS] / samples,
            **{name: self._sums[name] / samples for name in self._parts},
            "gradient_norm": self._norm,
            "lr": self._lr,
            "tokens_per_s": self._sums[TOKENS] / seconds,
            "samples_per_s": self._sums[SAMPLES] / seconds,
            "data_wait": self._waited_s / seconds,
            "memory_gib": _memory_gib(self._ranks.device),
            "seconds_per_step": seconds / max(1, self._steps),
        }
        if self._peak is not None:
            told["mfu"] = self._sums[FLOPS] / seconds / (self._peak * self._ranks.world)
        return told


def _memory_gib(device: torch.device) -> float:
    """The most that the GPU held, or the process where there is none."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / (1 << 30)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
