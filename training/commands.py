"""What `make curriculum`, `make overfit` and `make ablation` are made of: the plain commands of their steps.

Each is one that a person could type: `python -m data_pipeline.designs`, `beam_jobs.shards`, `training.train`, ...
"""

import json
import os
import sys
from pathlib import Path

import torch

from training.steps import Step

NOT_BETTER = 1  # evaluation.evaluate_checkpoint: the model is not as much better as was asked
_CPU_RANKS = 2


def ranks_here() -> int:
    """A GPU each. Without one, two where there are two cores: threads that share the small products of a small network
    wait for each other, and where anything else runs they hardly get on."""
    return torch.cuda.device_count() or min(_CPU_RANKS, os.cpu_count() or 1)


def data_steps(output: Path, count: int, seed: int, *options: str) -> list[Step]:
    """Designs are drawn as PSDs, and curated; `options` are those of the curation."""
    designs, data = output / "designs", output / "data"
    return [
        Step(
            "designs",
            _python("data_pipeline.designs", designs, "--count", count, "--seed", seed),
            designs / f"design-{count - 1:05d}.psd",
        ),
        Step(
            "data", _python("beam_jobs.shards", "--input", designs, "--output", data, *options), data / "manifest.json"
        ),
    ]


def training_step(
    stage: str, config: str, data: Path, run: Path, gpus: int, seed: int, before: Path | None, *extra: str
) -> Step:
    """The command of `make train`; `extra` are settings, as `section.key=value`. ValueError for less than one GPU."""
    if gpus < 1:
        raise ValueError(f"gpus is {gpus}; it must be at least 1, and is the number of ranks where there is no GPU")
    module: tuple[str, ...] = ("training.train",)
    if gpus > 1:
        module = ("torch.distributed.run", "--nproc-per-node", str(gpus), "--shutdown-timeout", "600", "-m", *module)
    settings = [f"seed={seed}", *([] if before is None else [f"init.from={json.dumps(str(before))}"]), *extra]
    command = _python(
        *module, "--stage", stage, "--config", config, "--data", data, "--output", run,
        *(part for setting in settings for part in ("--set", setting)),
    )  # fmt: skip
    return Step(f"stage {stage}", command, run / "export" / "ema" / "lamina.json")


def truth_step(data: Path, truth: Path, resolution: int, limit: int, splits: str = "validation,test") -> Step:
    """The true layers of pictures that are decomposed to be scored."""
    chosen = ("--resolution", resolution, "--splits", splits, "--limit", limit)
    return Step("held-out pictures", _python("training.true_stacks", data, truth, *chosen), truth)


def scoring_step(run: Path, truth: Path, score: Path, resolution: int, sampler_steps: int, margin: float) -> Step:
    """The report of what a run's moving average makes of these pictures."""
    command = _python(
        "evaluation.evaluate_checkpoint", "--checkpoint", run / "export" / "ema", "--truth", truth, "--output", score,
        "--resolution", resolution, "--steps", sampler_steps, "--margin", margin,
    )  # fmt: skip
    return Step("score", command, score / "report.json", verdicts=(NOT_BETTER,))


def _python(module: str, *arguments: object) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *map(str, arguments))
