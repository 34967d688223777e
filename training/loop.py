"""A run and its journal in; steps, checkpoints and an account of them out.

Every step is planned from the seed and its number, so that a run that was stopped goes on as if it had not been.
"""

import math
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from training.account import FLOPS, LOSS, NOT_FINITE, SAMPLES, STOP, SUMS, TOKENS, Account
from training.configuration import Schedule
from training.journal import Journal
from training.loader import Loader
from training.run import Run
from training.stop import Stop
from training.work import Packs

FINISHED, STOPPED = 0, 3
_NAMED = 2000  # characters of keys in a message

Trained = list[tuple[tuple[Any, ...], Tensor]]  # packs of a step, and the losses of their samples


class NotFinite(ArithmeticError):
    """A loss or a gradient is no number; the message names the samples."""


def train(run: Run, journal: Journal | None) -> int:
    """`FINISHED`, or `STOPPED` where somebody asked to; either way what was done lies in a checkpoint."""
    config, work = run.config, run.work
    stop = Stop()
    account = Account(config, work.parts, run.ranks)
    plans: deque[Packs] = deque()
    with Loader(work.reader(), _own_packs(run, plans), config.data.workers, config.data.ahead) as loader:
        while run.done < config.schedule.steps:
            is_stopping = _step(run, loader, plans, account, stop)
            is_last = run.done == config.schedule.steps
            if _is_due(run.done, config.log_every) or is_last or is_stopping:
                if journal is not None:
                    journal.steps_done(run.done, account.told())
                account.begin()
            with account.paused():
                if config.validation.every and (_is_due(run.done, config.validation.every) or is_last):
                    values = work.validate(run.ranks)
                    if journal is not None and values:
                        journal.validated(run.done, values)
                if _is_due(run.done, config.checkpoints.every) or is_last or is_stopping:
                    run.save()
            if is_stopping and not is_last:
                if journal is not None:
                    journal.say(f"stopped at step {run.done}; the same command goes on from there")
                return STOPPED
    return FINISHED


def learning_rate(schedule: Schedule, step: int) -> float:
    """Grows over `warmup` steps, stays (Qwen-Image-Layered, section 4.2, names one rate), and falls to the last of
    `cooldown` steps on a straight line, as in "warm-up, stable, decay" (MiniCPM, arXiv 2404.06395, section 4)."""
    grown = (step + 1) / max(1, schedule.warmup)
    left = (schedule.steps - step) / (schedule.cooldown + 1)
    return schedule.lr * min(1.0, grown, left)


def _own_packs(run: Run, plans: deque[Packs]) -> Iterator[tuple[Any, ...]]:
    """This rank's packs, one after another; what was planned is left in `plans`, a step at a time."""
    for step in range(run.done, run.config.schedule.steps):
        packs = run.work.plan(step)
        plans.append(packs)
        for micro_step in packs:
            yield micro_step[run.ranks.group]


def _step(run: Run, reads: Iterator[Any], plans: deque[Packs], account: Account, stop: Stop) -> bool:
    """One update of the weights and of their average; whether any rank was asked to stop.

    NotFinite, before the weights are touched, where a loss is not.
    """
    work, config = run.work, run.config
    trained, parts, waited_s = _gradients(run, reads, plans)
    sums = _over_ranks(run, trained, parts, stop)
    if sums[NOT_FINITE]:
        raise NotFinite(f"the loss of step {run.done} is not finite for {_not_finite(run, trained)}")
    lr = learning_rate(config.schedule, run.done)
    norm = run.engine.step(lr)
    if not math.isfinite(norm):
        keys = ", ".join(key for pack, _ in trained for key in work.keys(pack))
        raise NotFinite(f"the gradient of step {run.done} is {norm}; rank {run.ranks.rank} took {keys[:_NAMED]}")
    work.after_step(run.done)
    run.done += 1
    run.ema.update(run.engine.flats, run.engine.updates)
    account.add(sums, waited_s, norm, lr)
    return sums[STOP] > 0


def _gradients(run: Run, reads: Iterator[Any], plans: deque[Packs]) -> tuple[Trained, Tensor, float]:
    """Of this rank's packs of a step: their losses, the sums of their parts, and the seconds waited for them."""
    work, ranks = run.work, run.ranks
    trained: Trained = []
    parts = torch.zeros(len(work.parts), dtype=torch.float64, device=ranks.device)
    waited_s = 0.0
    while True:
        began = time.monotonic()
        read = next(reads)  # which has planned the step, if it had not been before
        waited_s += time.monotonic() - began
        packs = plans[0]
        pack = packs[len(trained)][ranks.group]
        losses = run.engine(work.prepare(read, ranks.device))
        run.engine.backward(losses.samples_B.sum() / run.config.schedule.batch)
        trained.append((pack, losses.samples_B.detach()))
        for place, name in enumerate(work.parts):
            parts[place] += losses.parts[name].detach()
        if len(trained) == len(packs):
            plans.popleft()
            return trained, parts, waited_s


def _over_ranks(run: Run, trained: Trained, parts: Tensor, stop: Stop) -> dict[str, float]:
    """Sums of a step over all ranks, by one exchange."""
    work, ranks = run.work, run.ranks
    losses = torch.cat([samples for _, samples in trained]).double()
    packs = [pack for pack, _ in trained]
    shared = 1 / ranks.sequence_parallel  # each of a sequence group has the same packs
    own = {
        LOSS: losses.sum(),
        NOT_FINITE: losses.isfinite().logical_not().sum(),
        STOP: float(stop.asked),
        TOKENS: sum(map(work.tokens, packs)) * shared,
        FLOPS: sum(map(work.flops, packs)) * shared,
        SAMPLES: sum(map(len, packs)) * shared,
    }
    values = [torch.as_tensor(own[name], dtype=torch.float64, device=ranks.device) for name in SUMS]
    totals = ranks.summed(torch.cat([torch.stack(values), parts]))
    return dict(zip((*SUMS, *work.parts), totals.tolist(), strict=True))


def _not_finite(run: Run, trained: Trained) -> str:
    """The samples of all ranks whose loss is no number."""
    own = [
        key
        for pack, samples in trained
        for key, loss in zip(run.work.keys(pack), samples.tolist(), strict=True)
        if not math.isfinite(loss)
    ]
    said = run.ranks.gathered(", ".join(own))
    return ", ".join(dict.fromkeys(filter(None, said)))[:_NAMED]


def _is_due(count: int, every: int) -> bool:
    return every > 0 and count % every == 0
