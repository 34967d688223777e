"""A function of a test, run by several processes that meet as the ranks of a run."""

import os
import pickle
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def on_ranks(world: int, function: Callable[..., Any], *arguments: Any, timeout_s: int = 240) -> list[Any]:
    """What `function(ranks, *arguments)`, of a module of the tests, returns on each rank."""
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "given")
        given.write_bytes(pickle.dumps((function.__module__, function.__qualname__, arguments)))
        environment = {**os.environ, "WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(),
                       "LOCAL_WORLD_SIZE": str(world), "OMP_NUM_THREADS": "1"}  # fmt: skip
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.training.on_ranks", folder], cwd=ROOT, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            )
            for rank in range(world)
        ]  # fmt: skip
        try:
            told = [process.communicate(timeout=timeout_s)[0] for process in processes]
        finally:
            for process in processes:
                process.kill()
        for process, text in zip(processes, told, strict=True):
            assert process.returncode == 0, text[-4000:]
        return [pickle.loads(Path(folder, f"rank-{rank}").read_bytes()) for rank in range(world)]


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def _run(folder: Path) -> None:
    import importlib

    import torch

    from training.distributed import join, leave

    torch.set_num_threads(1)
    module, name, arguments = pickle.loads((folder / "given").read_bytes())
    function = getattr(importlib.import_module(module), name)
    ranks = join("cpu", int(os.environ.get("SEQUENCE_PARALLEL", "1")), 120)
    result = function(ranks, *arguments)
    (folder / f"rank-{ranks.rank}").write_bytes(pickle.dumps(result))
    torch.distributed.destroy_process_group()
    leave(0)


if __name__ == "__main__":
    _run(Path(sys.argv[1]))
