"""A stage's work, its configuration and a folder in; steps, checkpoints and an account of them out.

Every step is planned from the seed and its number, so that a run that was stopped goes on as if it had not been.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from training.configuration import Schedule
from training.journal import Journal
from training.loader import Loader
from training.run import Run
from training.stop import Stop
from training.utilisation import peak_flops
from training.work import Losses, Packs

FINISHED, STOPPED = 0, 3
_SUMS = ("loss", "not_finite", "stop", "tokens", "flops", "samples")


class NotFinite(ArithmeticError):
    """A loss or a gradient is no number; the message names the samples."""


@dataclass
class Progress:
    """Since it was last told of."""

    steps: int = 0
    began: float = field(default_factory=time.monotonic)
    waited_s: float = 0.0
    sums: Counter[str] = field(default_factory=Counter)
    norm: float = 0.0


def train(run: Run, journal: Journal | None) -> int:
    """`FINISHED`, or `STOPPED` where somebody asked to; either way what was done lies in a checkpoint."""
    config, work = run.config, run.work
    stop = Stop()
    plans: deque[Packs] = deque()
    progress = Progress()
    with Loader(work.reader(), _own_packs(run, plans), config.data.workers, config.data.ahead) as loader:
        reads = iter(loader)
        while run.done < config.schedule.steps:
            totals = _step(run, plans, reads, progress, stop)
            run.done += 1
            run.ema.update(run.engine.flats, run.engine.updates)
            is_last = run.done == config.schedule.steps
            stopping = totals["stop"] > 0
            if journal is not None and (_is_due(run.done, config.log_every) or is_last or stopping):
                journal.steps_done(run.done, _told(run, progress))
            if _is_due(run.done, config.log_every):
                progress = Progress()
            if _is_due(run.done, config.validation.every) or (is_last and config.validation.every):
                _validate(run, journal)
            if _is_due(run.done, config.checkpoints.every) or is_last or stopping:
                run.save()
            if stopping and not is_last:
                if journal is not None:
                    journal.say(f"stopped at step {run.done}; the same command goes on from there")
                return STOPPED
    return FINISHED


def learning_rate(schedule: Schedule, step: int) -> float:
    """Grows over `warmup` steps, then stays (Qwen-Image-Layered, section 4.2, names one rate)."""
    return schedule.lr * min(1.0, (step + 1) / max(1, schedule.warmup))


def _own_packs(run: Run, plans: deque[Packs]) -> Iterator[tuple[Any, ...]]:
    """This rank's packs, one after another; what was planned is left in `plans`, a step at a time."""
    for step in range(run.done, run.config.schedule.steps):
        packs = run.work.plan(step)
        plans.append(packs)
        for micro_step in packs:
            yield micro_step[run.ranks.group]


def _step(run: Run, plans: deque[Packs], reads: Iterator[Any], progress: Progress, stop: Stop) -> Counter[str]:
    """One update of the weights; sums over all ranks. NotFinite names the samples."""
    work, engine, ranks = run.work, run.engine, run.ranks
    sums: Counter[str] = Counter()
    parts = torch.zeros(len(work.parts), dtype=torch.float64, device=ranks.device)
    losses: list[tuple[tuple[Any, ...], Tensor]] = []
    remaining = 1
    while remaining:
        began = time.monotonic()
        read = next(reads)  # the first plans the step
        progress.waited_s += time.monotonic() - began
        packs = plans[0]
        pack = packs[len(losses)][ranks.group]
        given: Losses = engine(work.prepare(read, ranks.device))
        engine.backward(given.samples_B.sum() / run.config.schedule.batch)
        losses.append((pack, given.samples_B.detach()))
        parts += torch.stack([given.parts[name].detach().double() for name in work.parts]) if work.parts else 0
        sums.update(tokens=work.tokens(pack), flops=work.flops(pack), samples=len(pack))
        remaining = len(packs) - len(losses)
    plans.popleft()
    per_sample = torch.cat([samples for _, samples in losses]).double()
    own = {"loss": per_sample.sum(), "not_finite": (~per_sample.isfinite()).sum(), "stop": float(stop.asked), **sums}
    totals = ranks.summed(
        torch.cat(
            [
                torch.stack([torch.as_tensor(own[name], dtype=torch.float64, device=ranks.device) for name in _SUMS]),
                parts,
            ]
        )
    )
    summed = dict(zip((*_SUMS, *work.parts), totals.tolist(), strict=True))
    for name in ("tokens", "flops", "samples"):
        summed[name] /= ranks.sequence_parallel
    if summed["not_finite"]:
        raise NotFinite(_bad_samples(run, losses))
    norm = engine.step(learning_rate(run.config.schedule, run.done))
    if not math.isfinite(norm):
        everything = [key for pack, _ in losses for key in work.keys(pack)]
        raise NotFinite(
            f"the gradient of step {run.done} is {norm}; this rank trained on {', '.join(everything)[:2000]}"
        )
    work.after_step(run.done)
    progress.steps += 1
    progress.norm = norm
    progress.sums.update(summed)
    return Counter(summed)


def _bad_samples(run: Run, losses: Sequence[tuple[tuple[Any, ...], Tensor]]) -> str:
    own = [
        key
        for pack, samples in losses
        for key, loss in zip(run.work.keys(pack), samples.tolist(), strict=True)
        if not math.isfinite(loss)
    ]
    named = run.ranks.gathered(", ".join(own))
    return f"the loss of step {run.done} is not finite for {', '.join(filter(None, named))[:2000]}"


def _validate(run: Run, journal: Journal | None) -> None:
    values = run.work.validate(run.ranks)
    if journal is not None:
        journal.validated(run.done, values)


def _told(run: Run, progress: Progress) -> dict[str, float]:
    """The account of the steps since the last one."""
    seconds = max(1e-9, time.monotonic() - progress.began)
    samples = max(1.0, progress.sums["samples"])
    peak = peak_flops(run.config.engine.peak_tflops, run.ranks.device)
    told = {
        "loss": progress.sums["loss"] / samples,
        **{name: progress.sums[name] / samples for name in run.work.parts},
        "gradient_norm": progress.norm,
        "lr": learning_rate(run.config.schedule, run.done - 1),
        "tokens_per_s": progress.sums["tokens"] / seconds,
        "samples_per_s": progress.sums["samples"] / seconds,
        "data_wait": progress.waited_s / seconds,
        "memory_gib": _memory_gib(run.ranks.device),
        "seconds_per_step": seconds / max(1, progress.steps),
    }
    if peak is not None:
        told["mfu"] = progress.sums["flops"] / seconds / (peak * run.ranks.world)
    return told


def _memory_gib(device: torch.device) -> float:
    """The most that the GPU held, or the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / (1 << 30)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def _is_due(count: int, every: int) -> bool:
    return every > 0 and count % every == 0
