"""A run's checkpoint in, folders of diffusers' layout out: `OUTPUT/export/model` and `OUTPUT/export/ema`.

Weights are put together from the files, so that one process does it, whatever the run's ranks were.
"""

import os
import shutil
from pathlib import Path

from training.checkpoints import StoredParameters, read_state
from training.network_options import WEIGHTS
from training.origin import write_origin
from training.work import Work

KINDS = {"model": "weights", "ema": "ema"}


def export(work: Work, checkpoint: Path, output: Path) -> list[Path]:
    """Replaces what was exported before; each folder appears whole.

    ValueError where the checkpoint is damaged, OSError where the disk is full.
    """
    state = read_state(checkpoint)
    made = []
    for name in WEIGHTS:
        final, partial = output / "export" / name, output / "export" / f".{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        work.export(StoredParameters(checkpoint, KINDS[name]), partial)
        write_origin(partial, {"stage": state.stage, "steps": state.steps_done, "weights": name})
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
        made.append(final)
    return made
