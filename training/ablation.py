"""What each part of the recipe is worth: the same data, steps and seed, one switch each, one table.

    python -m training.ablation --output OUTPUT [--config tiny] [--data DATASET] [--gpus N] [--seed S] [--share 1.0]

As in the paper's table 2 the switches are: no Layer3D RoPE, an RGB VAE for the input, no multi-stage training (stage 3
straight from the VAE, for the steps of all three); beside them no blank frames, and no merging. `--share` is the part
of the configuration's steps that stages 1 to 3 make; the VAEs make all of theirs. OUTPUT gets `ablation.md` and
`ablation.json`. Resumes, and ends, as `training.curriculum` does, but for the verdict.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from data_pipeline.shard_io import whole_file
from evaluation.decomposition.verdict import EDITS, MODEL
from evaluation.page import markdown, plain
from evaluation.page.blocks import Paragraph, Table
from training.commands import data_steps, ranks_here, scoring_step, training_step, truth_step
from training.config_files import load_config
from training.curriculum import SIZES, Settings
from training.step_folder import held
from training.steps import Step, do_steps
from training.terminal import WRONG, told

_ANY_LEAD = -1.0  # the table is the answer, whichever row is better
_LAYERED = ("1", "2", "3")


@dataclass(frozen=True)
class Variant:
    """`settings` are those of every stage that is trained for it; `stages` follow the VAE."""

    name: str
    words: str
    settings: tuple[str, ...] = ()
    stages: tuple[str, ...] = _LAYERED
    rgb_condition: bool = False


VARIANTS = (
    Variant("full", "the whole recipe"),
    Variant("plain2d", "without Layer3D RoPE", ("network.rope=plain2d",)),
    Variant("rgb_vae", "RGB VAE for the input", rgb_condition=True),
    Variant("one_stage", "without multi-stage", stages=("3",)),
    Variant("no_blanks", "without blank frames", ("tasks.blanks=0",)),
    Variant("no_merging", "without merging", ("tasks.merge=0",)),
)


def steps_of(settings: Settings, output: Path, share: float, ranks: int = 1) -> list[Step]:
    """Data, pictures and the VAEs serve all variants."""
    size = SIZES[settings.config]
    data = Path(settings.data) if settings.data is not None else output / "data"
    truth, resolution = output / "held_out", load_config(settings.config, "3").data.resolutions[0]
    vae, rgb = output / "stage_vae", output / "stage_vae_rgb"
    schedules = {stage: load_config(settings.config, stage).schedule for stage in _LAYERED}
    made = {stage: max(1, round(share * schedule.steps)) for stage, schedule in schedules.items()}
    steps = [] if settings.data is not None else data_steps(output, size.designs, settings.seed)
    steps += [
        truth_step(data, truth, resolution, size.scored),
        training_step("vae", settings.config, data, vae, ranks, settings.seed, None),
        _named(
            "RGB VAE",
            training_step("vae", settings.config, data, rgb, ranks, settings.seed, None, "vae.image_channels=3"),
        ),
    ]
    for variant in VARIANTS:
        folder, before = output / variant.name, vae
        own = [*variant.settings, *([f"init.condition_vae={json.dumps(str(rgb))}"] if variant.rgb_condition else [])]
        for stage in variant.stages:
            count = made[stage] if len(variant.stages) > 1 else sum(made.values())
            cooldown = int(share * schedules[stage].cooldown)
            given = [*own, f"schedule.steps={count}", f"schedule.cooldown={cooldown}"]
            given += ["init.stages=[vae]"] if before == vae else []
            run = folder / f"stage_{stage}"
            step = training_step(stage, settings.config, data, run, ranks, settings.seed, before, *given)
            steps.append(_named(variant.words, step))
            before = run
        score = scoring_step(before, truth, folder / "score", resolution, size.sampler_steps, _ANY_LEAD)
        steps.append(_named(variant.words, score))
    return steps


def _named(row: str, step: Step) -> Step:
    """Many rows have a stage 3."""
    return replace(step, name=f"{row}: {step.name}")


def table_of(output: Path) -> Table:
    """ValueError where a variant was not scored."""
    lines = []
    for variant in VARIANTS:
        path = output / variant.name / "score" / "report.json"
        try:
            rows = json.loads(path.read_bytes())["rows"][MODEL]
        except (OSError, ValueError, LookupError) as error:
            raise ValueError(f"{path} holds no score: {error}") from error
        cells = (f"{rows[edits][name]:.4f}" for edits in EDITS for name in ("rgb_l1", "alpha_iou"))
        lines.append((variant.words, *cells))
    header = ("", *(f"{name}, {edits} merges" for edits in EDITS for name in ("RGB L1", "alpha soft IoU")))
    return Table(header, tuple(lines))


def ablation(settings: Settings, output: Path, share: float, ranks: int = 1) -> int:
    """0, or FAILED of `do_steps`. ValueError for what cannot be, before any work."""
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; it must be more than 0 and at most 1")
    steps = steps_of(settings, output, share, ranks)
    with held(output, {"of": "ablation", "share": share, **asdict(settings)}, steps):
        status = do_steps(steps)
        return status or _report(output, settings, share)


def _report(output: Path, settings: Settings, share: float) -> int:
    table = table_of(output)
    steps = f"{100 * share:g}% of the configuration {settings.config}"
    said = Paragraph(f"The same data, steps ({steps}) and seed in each row.")
    print(plain.page([table, said]))
    with whole_file(output / "ablation.md") as file:
        file.write(markdown.page("Ablation", [said, table]).encode())
    with whole_file(output / "ablation.json") as file:
        file.write(json.dumps([dict(zip(table.header, row, strict=True)) for row in table.rows]).encode())
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m training.ablation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--config", default="tiny", help=f"{', '.join(SIZES)}; default %(default)s")
    parser.add_argument("--data", help="a dataset of make shards; without one, designs are drawn and curated")
    parser.add_argument("--gpus", type=int, default=ranks_here(), help="ranks; default: one a GPU, or two on a CPU")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="of the configuration's steps; default %(default)s")
    options = parser.parse_args(arguments)
    try:
        settings = Settings(options.config, options.data, options.seed)
        return ablation(settings, options.output, options.share, options.gpus)
    except (ValueError, OSError) as error:
        return told(error, WRONG)


if __name__ == "__main__":
    sys.exit(main())
