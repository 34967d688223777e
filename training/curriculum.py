"""VAE, stages 1, 2 and 3 in order, from drawn designs to scored decompositions of pictures that were held out.

    python -m training.curriculum --output OUTPUT [--config tiny|small] [--data DATASET] [--gpus N] [--seed S]

Every stage starts from the moving average of the one before. Without DATA, designs are drawn and curated first. What
is done is not done again: the same command goes on where a killed one stood. Exit status: 0; 1 the model is not better
than copies of the composite, blank layers and its own shuffled conditions by MARGIN; 2 something is wrong, and said;
3 a step failed or was stopped.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from training.commands import data_steps, ranks_here, scoring_step, training_step, truth_step
from training.config_files import load_config
from training.network_options import STAGES
from training.step_folder import held
from training.steps import Step, do_steps
from training.terminal import WRONG, told

MARGIN = 0.1  # in alpha soft IoU


@dataclass(frozen=True)
class Size:
    """What belongs to a configuration and is none of training: how many designs are drawn, and how pictures are
    decomposed to be scored."""

    designs: int
    sampler_steps: int
    scored: int


SIZES = {"tiny": Size(600, 12, 64), "small": Size(20_000, 30, 256)}


@dataclass(frozen=True)
class Settings:
    """What all steps of an OUTPUT have in common. `data` is None where designs are drawn."""

    config: str = "tiny"
    data: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.config not in SIZES:
            raise ValueError(f"config is {self.config!r}; it must be one of {', '.join(SIZES)}")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; it must be at least 0")


def steps_of(settings: Settings, output: Path, gpus: int = 1) -> list[Step]:
    """In their order; every step's result is made of those before it."""
    size = SIZES[settings.config]
    steps = []
    data = Path(settings.data) if settings.data is not None else output / "data"
    if settings.data is None:
        steps += data_steps(output, size.designs, settings.seed)
    truth, resolution = output / "held_out", load_config(settings.config, "3").data.resolutions[0]
    steps.append(truth_step(data, truth, resolution, size.scored))
    before: Path | None = None
    for stage in STAGES:
        run = output / f"stage_{stage}"
        steps.append(training_step(stage, settings.config, data, run, gpus, settings.seed, before))
        before = run
    steps.append(scoring_step(output / "stage_3", truth, output / "score", resolution, size.sampler_steps, MARGIN))
    return steps


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    output = Path(options.output)
    try:
        settings = Settings(options.config, options.data, options.seed)
        steps = steps_of(settings, output, options.gpus)
        with held(output, {"of": "curriculum", **asdict(settings)}, steps):
            return do_steps(steps)
    except (ValueError, OSError) as error:
        return told(error, WRONG)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.curriculum", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Settings()
    parser.add_argument("--output", required=True, help="a folder for all steps")
    parser.add_argument("--config", default=default.config, help=f"{', '.join(SIZES)}; default %(default)s")
    parser.add_argument("--data", help="a dataset of make shards; without one, designs are drawn and curated")
    parser.add_argument("--gpus", type=int, default=ranks_here(), help="ranks; default: one a GPU, or two on a CPU")
    parser.add_argument("--seed", type=int, default=default.seed)
    return parser


if __name__ == "__main__":
    sys.exit(main())
