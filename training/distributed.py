"""The ranks of a run: who I am, who shares a sample with me, and what all of us agree on.

A launcher (`deepspeed`, `torchrun`) says so by RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT;
without them there is one rank.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn

import torch
import torch.distributed as dist

LOST = 4  # exit status where another rank has gone, or is out of reach


class RankLost(RuntimeError):
    """A collective failed, or did not end in time."""


@dataclass(frozen=True)
class Ranks:
    """`groups` ranks' worth of samples are trained on at a time: ranks of one sequence group share theirs."""

    rank: int
    world: int
    device: torch.device
    sequence_parallel: int = 1
    sequence_group: dist.ProcessGroup | None = field(default=None, repr=False)

    @property
    def groups(self) -> int:
        return self.world // self.sequence_parallel

    @property
    def group(self) -> int:
        """Which of `groups` this rank belongs to."""
        return self.rank // self.sequence_parallel

    @property
    def place(self) -> int:
        """Which of its sequence group this rank is."""
        return self.rank % self.sequence_parallel

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    @property
    def here(self) -> int:
        """How many ranks this machine has. `deepspeed` does not say; every rank is to ask at once."""
        said = 1 if self.world == 1 else _whole("LOCAL_WORLD_SIZE", 0)
        return said or self.gathered(socket.gethostname()).count(socket.gethostname())

    def summed(self, values: torch.Tensor) -> torch.Tensor:
        """Of all ranks, in float64."""
        total = values.to(self.device, torch.float64)
        with naming_the_lost("sum"):
            dist.all_reduce(total)
        return total

    def barrier(self) -> None:
        """One rank alone waits for nobody, and may not even have been launched as one."""
        if self.world == 1:
            return
        with naming_the_lost("wait for each other"):
            dist.all_reduce(torch.zeros(1, device=self.device))

    def heard(self, text: tuple[str, ...]) -> tuple[str, ...]:
        """What the first rank says, on all."""
        said = [text]
        with naming_the_lost("hear the first"):
            dist.broadcast_object_list(said, device=self.device)
        return said[0]

    def gathered(self, text: str) -> list[str]:
        """What each rank says."""
        said = [""] * self.world
        with naming_the_lost("hear each other"):
            dist.all_gather_object(said, text)
        return said


def join(device: str, sequence_parallel: int, timeout_s: int) -> Ranks:
    """Meets the other ranks. ValueError where the launcher's variables are wrong, or ranks cannot be shared out;
    RankLost where others do not come in time."""
    rank, world, local = _whole("RANK", 0), _whole("WORLD_SIZE", 1), _whole("LOCAL_RANK", 0)
    place = _device(device, local)
    if world % sequence_parallel:
        raise ValueError(f"sequence_parallel is {sequence_parallel}; {world} ranks cannot be shared out by it")
    if world > 1 and "MASTER_ADDR" not in os.environ:
        raise ValueError(f"WORLD_SIZE is {world} in the environment and MASTER_ADDR is not set: where do ranks meet?")
    where = "env://" if "MASTER_ADDR" in os.environ else f"tcp://127.0.0.1:{_free_port()}"
    os.environ.setdefault("LOCAL_RANK", str(local))  # DeepSpeed asks for it, also where there is no launcher
    backend = "nccl" if place.type == "cuda" else "gloo"
    with naming_the_lost("meet"):
        dist.init_process_group(backend, where, timedelta(seconds=timeout_s), world, rank)
    group = None
    if sequence_parallel > 1:
        for first in range(0, world, sequence_parallel):  # every rank makes every group
            made = dist.new_group(list(range(first, first + sequence_parallel)), timedelta(seconds=timeout_s))
            group = made if first <= rank < first + sequence_parallel else group
    return Ranks(rank, world, place, sequence_parallel, group)


def share_threads(ranks: Ranks) -> None:
    """The ranks of one machine share its cores."""
    torch.set_num_threads(max(1, torch.get_num_threads() // ranks.here))


def leave(status: int) -> NoReturn:
    """Ends the process of a rank, whose work is done and whose files are closed.

    The interpreter's own end would wait for threads of collectives that never come, or be aborted by one that asks for
    a lock of the interpreter (seen once in a hundred runs): a run that finished must not look like one that failed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def bound_waits(timeout_s: int) -> None:
    """Gives every group of ranks the time-out that a run is configured with: DeepSpeed makes its own with torch's
    default, in which a silent rank holds the others for half an hour."""
    for group in list(dist.distributed_c10d._world.pg_map):
        dist.distributed_c10d._set_pg_timeout(timedelta(seconds=timeout_s), group)


@contextmanager
def naming_the_lost(what: str) -> Iterator[None]:
    """A collective that fails becomes `RankLost`."""
    try:
        yield
    except RuntimeError as error:  # gloo's, NCCL's and the store's all are
        if is_loss(error):
            raise RankLost(f"the ranks could not {what}: {' '.join(str(error).split())[:200]}") from error
        raise


def is_loss(error: BaseException) -> bool:
    """Whether it says that another rank is gone or silent."""
    if isinstance(error, RankLost | dist.DistError):
        return True
    words = (
        "Connection closed by peer",
        "Connection reset by peer",
        "Timed out",
        "timed out",
        "Broken pipe",
        "ncclRemote",
    )
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise ValueError(f"{name} is {text!r} in the environment; the launcher sets it to a whole number")
    return int(text)


def _device(name: str, local: int) -> torch.device:
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ValueError("engine.device is 'cuda', and torch finds no GPU here; set engine.device=cpu")
    if local >= torch.cuda.device_count():
        raise ValueError(f"rank {local} of this machine has no GPU: there are {torch.cuda.device_count()}")
    torch.cuda.set_device(local)
    return torch.device("cuda", local)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
