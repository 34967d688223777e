"""OUTPUT of a run: a configuration in, the checkpoint to go on from out, or none for a new run.

`config.yaml` is the resolved configuration. A folder that holds another run, or something else, is refused: what a
resume would mean must not be guessed.
"""

import re
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from data_pipeline.shard_io import whole_file
from training import checkpoints
from training.config_files import as_mapping
from training.configuration import RunConfig
from training.moved import are_moved
from training.run_lock import LOCK

CONFIG = "config.yaml"
_SOURCES = "data.sources"
PLAN = "plan.json"  # of make plan
EXPORT = "export"
PICTURES = "pictures"  # a report of held-out samples
_POLL_S = 0.2
_OWN = {
    CONFIG, PLAN, LOCK, PICTURES, "checkpoints", EXPORT, "logs", "tensorboard", "index", "text", ".text.partial",
}  # fmt: skip
_CUT_SHORT = re.compile(r"config\.yaml\.[0-9a-f]{32}\.tmp\Z")  # of a run that was killed while it wrote its own
# How a run is computed and told of may change between its parts; what it learns may not.
_MAY_CHANGE = (
    "engine", "checkpoints", "validation", "log_every", "data.workers", "data.ahead", "data.latents", "data.skip",
    "network.compile", "network.recompute", "schedule.steps", "schedule.cooldown",
)  # fmt: skip
_DEFAULTS = as_mapping(RunConfig(stage="vae"))  # the others have none: they ask for tasks


def open_run(output: Path, config: RunConfig) -> Path | None:
    """As `find_run`; makes the folder, and stores the configuration as it is now."""
    found = find_run(output, config)
    write_config(output, config)
    return found


def find_run(output: Path, config: RunConfig) -> Path | None:
    """The last whole checkpoint of this run; None for a new one. Nothing is written.

    What has neither checkpoint nor export may be of any configuration: a first command that was wrong leaves as much.

    ValueError where the folder holds another run, or what is no run.
    """
    if output.exists() and not output.is_dir():
        raise ValueError(f"{output} is no folder; OUTPUT is the folder of a run")
    found = {path.name for path in output.iterdir() if not _CUT_SHORT.match(path.name)} if output.is_dir() else set()
    strangers = sorted(found - _OWN)
    if strangers:
        raise ValueError(f"{output} holds {strangers[0]}, which is of no run of training; give another OUTPUT")
    stored, whole = read_config(output), checkpoints.whole(output)
    if not whole and not (output / EXPORT).exists():
        return None
    if stored is None:
        raise ValueError(f"{output} has checkpoints or an {EXPORT} and no {CONFIG}: which run they are of is not known")
    _check_same(output, stored, config)
    done = checkpoints.steps_of(whole[-1]) if whole else 0
    if done > config.schedule.steps:
        raise ValueError(
            f"{output} holds a run of {done} steps, and schedule.steps is {config.schedule.steps}; "
            f"give {done} or more, or another OUTPUT"
        )
    return whole[-1] if whole else None


def _check_same(output: Path, stored: Mapping[str, Any], config: RunConfig) -> None:
    """ValueError where what a run learns has changed."""
    differences = (
        (name, before, now)
        for name, before, now in _differences(_completed(stored, _DEFAULTS), as_mapping(config))
        if name != _SOURCES or not are_moved(output, config.data.split, before or [], now)
    )
    changed = next(differences, None)
    if changed is not None:
        name, before, now = changed
        raise ValueError(
            f"{output} holds a run whose {name} is {before!r}, here it is {now!r}; give another OUTPUT for a new run, "
            "or the same configuration to go on"
        )


def wait_for(output: Path, patience_s: float = 60.0) -> None:
    """Until a rank sees the folder that the first rank has opened, as network file systems take their time.

    ValueError where it does not, as index, checkpoints and text encoder are handed on through it.
    """
    deadline = time.monotonic() + patience_s
    while not (output / CONFIG).is_file():
        if time.monotonic() > deadline:
            raise ValueError(
                f"{output} holds no run on {socket.gethostname()}; OUTPUT must be one folder of all machines"
            )
        time.sleep(_POLL_S)


def read_config(output: Path) -> dict[str, Any] | None:
    """The stored configuration as plain values; None where there is none."""
    path = output / CONFIG
    if not path.is_file():
        return None
    try:
        stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(stored, dict):
        raise ValueError(f"{path} is no configuration of a run")
    return stored


def write_config(output: Path, config: RunConfig) -> None:
    output.mkdir(parents=True, exist_ok=True)
    with whole_file(output / CONFIG) as file:
        file.write(yaml.safe_dump(as_mapping(config), sort_keys=False, allow_unicode=True).encode())


def _completed(stored: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """With what it was without: a run of an earlier version, which knew fewer options, goes on."""
    whole = {**defaults, **stored}
    for name, value in defaults.items():
        if isinstance(value, Mapping) and isinstance(whole[name], Mapping):
            whole[name] = _completed(whole[name], value)
    return whole


def _differences(before: Any, now: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(name, before, now) of what may not change."""
    if where in _MAY_CHANGE:
        return
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            yield from _differences(before.get(key), now.get(key), f"{where}.{key}" if where else str(key))
    elif before != now:
        yield where, before, now
