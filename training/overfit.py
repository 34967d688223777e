"""Four drawn designs, learnt by heart: whether the whole trainer can learn at all, in minutes.

    python -m training.overfit --output OUTPUT [--seed S]

The VAE, then stage 3, on the same four samples; their own pictures are decomposed and scored. Exit status: 0; 1 the
loss is not below LOSS or the alpha soft IoU not at least IOU; 2 something is wrong; 3 a step failed or was stopped.
The same command goes on where a killed one stood.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from evaluation.decomposition.verdict import MODEL
from training.commands import data_steps, ranks_here, scoring_step, training_step, truth_step
from training.config_files import load_config
from training.journal import read_metrics
from training.step_folder import held
from training.steps import do_steps
from training.terminal import WRONG, told

LOSS, IOU = 0.05, 0.9
_CONFIG = "overfit"
_DESIGNS = 4
_SAMPLER_STEPS = 20
_LAST = 5  # entries of the journal that the loss is a mean over


def overfit(output: Path, seed: int, ranks: int) -> int:
    """0 or 1 by the two figures, which are printed; otherwise that of `do_steps`. ValueError before any work."""
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be at least 0")
    data, truth, run, vae = output / "data", output / "truth", output / "stage_3", output / "stage_vae"
    resolution = load_config(_CONFIG, "3").data.resolutions[0]
    began = time.monotonic()
    steps = [
        *data_steps(output, _DESIGNS, seed, "--validation-share", "0", "--test-share", "0"),
        truth_step(data, truth, resolution, _DESIGNS, "train"),
        training_step("vae", _CONFIG, data, vae, ranks, seed, None),
        training_step("3", _CONFIG, data, run, ranks, seed, vae, "init.stages=[vae]"),
        scoring_step(run, truth, output / "score", resolution, _SAMPLER_STEPS, margin=0),
    ]  # fmt: skip
    with held(output, {"of": "overfit", "seed": seed}, steps):
        status = do_steps(steps)
        return status or _verdict(run, output / "score", began)


def _verdict(run: Path, score: Path, began: float) -> int:
    loss, iou = last_loss(run), alpha_iou(score)
    passed = loss < LOSS and iou >= IOU
    print(
        f"loss {loss:.4f} (wanted: below {LOSS}), alpha soft IoU {iou:.4f} (wanted: at least {IOU}), "
        f"{time.monotonic() - began:.0f} s: {'learnt' if passed else 'NOT learnt'}"
    )
    return 0 if passed else 1


def last_loss(run: Path) -> float:
    """Of a run's last steps. ValueError where it tells of none."""
    told = [line["loss"] for line in read_metrics(run, "train")][-_LAST:]
    if not told:
        raise ValueError(f"{run} tells of no step")
    return float(sum(told) / len(told))


def alpha_iou(score: Path) -> float:
    """Of the model, without merges."""
    return float(json.loads((score / "report.json").read_bytes())["rows"][MODEL][0]["alpha_iou"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m training.overfit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        return overfit(options.output, options.seed, ranks_here())
    except (ValueError, OSError) as error:
        return told(error, WRONG)


if __name__ == "__main__":
    sys.exit(main())
