"""What a run starts from: `init` of its configuration in, the folders of its parts out.

A run exports folders of diffusers' layout, `OUTPUT/export/ema` and `OUTPUT/export/model`, with `lamina.json` beside the
parts: stage, steps and weights. Published folders have none.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.checkpoint import CONDITION_VAE, PROCESSOR, TEXT_PARTS
from training.network_options import STAGES, Init

ORIGIN = "lamina.json"


@dataclass(frozen=True)
class Origin:
    """Folders of the parts; None where a part is to be made anew. `stage` is that of the run it comes from."""

    transformer: Path | None = None
    vae: Path | None = None
    text: Path | None = None
    condition_vae: Path | None = None
    stage: str | None = None


def origin_of(init: Init, stage: str) -> Origin:
    """ValueError where there is no such folder, or it is of a stage that this one does not follow."""
    pipeline = _pipeline(init)
    came_from = _stage_of(pipeline) if pipeline is not None else None
    allowed = init.stages or _followed(stage)
    if came_from is not None and came_from not in allowed:
        raise ValueError(
            f"{pipeline} is of stage {came_from}; stage {stage} starts from stage {' or '.join(allowed)} "
            "(init.stages allows others)"
        )
    return Origin(
        transformer=_part(pipeline, "transformer"),
        vae=_required(Path(init.vae), "vae") if init.vae else _part(pipeline, "vae"),
        text=_required_text(Path(init.text)) if init.text else _text(pipeline),
        condition_vae=(
            _required(Path(init.condition_vae), "vae") if init.condition_vae else _part(pipeline, CONDITION_VAE)
        ),
        stage=came_from,
    )


def write_origin(folder: Path, facts: dict[str, Any]) -> None:
    """`facts` are stage, steps and weights."""
    (folder / ORIGIN).write_text(json.dumps(facts) + "\n", encoding="utf-8")


def _pipeline(init: Init) -> Path | None:
    if init.from_ is None:
        return None
    folder = Path(init.from_).expanduser()
    if not folder.is_dir():
        raise ValueError(f"init.from is {init.from_}, which is no folder; what the hub has is to be downloaded first")
    if (folder / "checkpoints").is_dir():  # a run's OUTPUT
        folder = folder / "export" / init.weights
        if not folder.is_dir():
            raise ValueError(f"the run {init.from_} has no {folder}: it has not finished, or exported nothing")
    if not any((folder / part).is_dir() for part in ("transformer", "vae")):
        raise ValueError(f"{folder} has neither transformer nor vae; it must be a run's OUTPUT or of diffusers' layout")
    return folder


def _stage_of(folder: Path) -> str | None:
    path = folder / ORIGIN
    if not path.is_file():
        return None
    try:
        stage = json.loads(path.read_bytes())["stage"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} does not say of which stage it is: {error}") from error
    if stage not in STAGES:
        raise ValueError(f"{path} says stage {stage!r}; it must be one of {', '.join(STAGES)}")
    return str(stage)


def _followed(stage: str) -> tuple[str, ...]:
    """The stage before, and the same one."""
    place = STAGES.index(stage)
    return STAGES[max(0, place - 1) : place + 1]


def _part(folder: Path | None, name: str) -> Path | None:
    return folder / name if folder is not None and (folder / name).is_dir() else None


def _required(folder: Path, name: str) -> Path:
    """The part itself, or of a folder that holds it."""
    if (folder / name).is_dir():
        return folder / name
    if (folder / "export" / "ema" / name).is_dir():
        return folder / "export" / "ema" / name
    if (folder / "config.json").is_file():
        return folder
    raise ValueError(f"init.{name} is {folder}, which holds no {name}")


def _text(folder: Path | None) -> Path | None:
    needed = [part for part in TEXT_PARTS if part != PROCESSOR]
    return folder if folder is not None and all((folder / part).is_dir() for part in needed) else None


def _required_text(folder: Path) -> Path:
    found = _text(folder)
    if found is None:
        raise ValueError(f"init.text is {folder}; it must hold text_encoder and tokenizer")
    return found
