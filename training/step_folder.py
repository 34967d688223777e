"""The OUTPUT of a series of steps: what they were told, kept once, and one command at a time."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_pipeline.shard_io import whole_file
from training.run_lock import only_run
from training.steps import Step
from training.true_stacks import HELD_OUT, shards_of

_SETTINGS = "settings.json"


@contextmanager
def held(output: Path, settings: Mapping[str, Any], steps: Sequence[Step]) -> Iterator[None]:
    """`settings` are plain values, all that a result hangs on; `data` among them is where a dataset lies, or None.

    ValueError where DATA is no dataset at the begin, OUTPUT holds results of others, can hold none, or another command
    is at work in it. A first command that was wrong leaves no result, and may be mended.
    """
    if output.exists() and not output.is_dir():
        raise ValueError(f"{output} is no folder; OUTPUT is the folder of all steps")
    data, begun = settings.get("data"), any(step.result.exists() for step in steps)
    if data is not None:
        if os.path.realpath(data) == os.path.realpath(output):
            raise ValueError(f"{output} is DATA itself, which stays as it is; give another OUTPUT")
        if not begun:
            _check_dataset(data)
        settings = {**settings, "data": os.path.normpath(data)}  # `mine/` is `mine`
    output.mkdir(parents=True, exist_ok=True)
    with only_run(output):
        path = output / _SETTINGS
        if begun:
            _check_same(path, settings)
        else:
            with whole_file(path) as file:
                file.write(json.dumps(settings).encode())
        yield


def _check_dataset(data: str) -> None:
    for splits in (("train",), HELD_OUT):
        if not shards_of(Path(data), splits):
            named = ", ".join(splits)
            raise ValueError(f"DATA={data} has no shards of {named}; it must be a folder that make shards wrote")


def _check_same(path: Path, settings: Mapping[str, Any]) -> None:
    try:
        stored = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path.parent} holds results, and {path.name} does not say of what ({error}); give another OUTPUT"
        ) from error
    if stored != settings:
        raise ValueError(f"{path.parent} holds results of {stored}, here it is {settings}; give another OUTPUT")
