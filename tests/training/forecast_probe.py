"""What DeepSpeed really keeps of a network's parameters, counted on the ranks that train it."""

from pathlib import Path

import torch
import torch._dynamo  # DeepSpeed makes tensors its own way while it shares out weights; what is imported then fails
from torch import nn

import training.engine
from tests.training.live_memory import LiveMemory
from training.configuration import Engine, Schedule
from training.ema import ShardedEma
from training.run import Run
from training.train import work_of

WIDTH, DEPTH = 256, 24


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(DEPTH))

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x


def counted(ranks, engines: list[Engine], bucket: int):
    """Of each: bytes that last, the most beside them in a backward pass, and the most in an update."""
    training.engine.BUCKET = bucket
    return [_counted(ranks, options) for options in engines]


def _counted(ranks, options):
    torch.manual_seed(0)
    dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
    with LiveMemory() as live:
        with training.engine.partitioned(options, ranks):
            network = Deep()
        engine = training.engine.ZeroEngine(network, options, Schedule(), ranks)
        average = ShardedEma(engine.flats, 0.9)
        x = torch.ones(1, WIDTH, dtype=dtype)
        for _ in range(2):  # what is made once, at first, is there in the second
            lasting = live.bytes
            backward = _most(live, lambda: [engine.backward(engine(x).float().square().mean()) for _ in range(2)])
            update = _most(live, lambda: engine.step(1e-4))
            average.update(engine.flats, 1)
    return lasting, backward - lasting, update - lasting


def whole_step(ranks, config, output):
    """The most bytes in three steps of the trainer: networks, encoding, passes, update."""
    with LiveMemory() as live:
        work = work_of(config, Path(output), ranks)
        run = Run(work, config, Path(output), ranks)
        read = work.reader()
        for step in range(3):
            for row in work.plan(step):
                losses = run.engine(work.prepare(read(row[ranks.group]), ranks.device))
                run.engine.backward(losses.samples_B.sum())
            run.engine.step(1e-4)
            work.after_step(step)
            run.ema.update(run.engine.flats, run.engine.updates)
    return live.most


def _most(live, call):
    live.most = live.bytes
    call()
    return live.most
