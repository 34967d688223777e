"""What a run tells: `logs/metrics.jsonl` and TensorBoard's curves for machines, one line of progress for people.

Only the first rank writes. A resumed run drops the lines of the steps that it makes again.
"""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from data_pipeline.shard_io import whole_file
from evaluation.page import markdown
from evaluation.page.blocks import Block, Picture
from evaluation.page.report_files import write_report
from training.run_folder import PICTURES
from training.shown import Shown, means, table
from training.terminal import spelt
from training.writing import naming

METRICS = "metrics.jsonl"


class Journal:
    """`steps` are all of the run, `done` those that were made before."""

    def __init__(self, output: Path, steps: int, done: int) -> None:
        folder = output / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / METRICS
        self._pictures = output / PICTURES
        _forget(self._path, done)
        self._folder = output / "tensorboard"
        self._curves = SummaryWriter(str(self._folder), purge_step=done + 1)
        self._steps = steps
        self._began = time.monotonic()
        self._done = done

    def steps_done(self, count: int, values: Mapping[str, float]) -> None:
        """Values since the last call, of the steps before `count`."""
        self._write("train", count, values)
        pace = (time.monotonic() - self._began) / max(1, count - self._done)
        self.say(
            f"step {count}/{self._steps}  loss {values['loss']:.4f}  norm {values['gradient_norm']:.3f}  "
            f"lr {values['lr']:.2e}  {values['tokens_per_s']:,.0f} tokens/s  wait {values['data_wait']:.0%}  "
            f"{_left(pace * (self._steps - count))} left"
        )

    def validated(self, count: int, values: Mapping[str, float]) -> None:
        self._write("validation", count, values)
        self.say(f"step {count}/{self._steps}  validation " + "  ".join(f"{k} {v:.4g}" for k, v in values.items()))

    def pictured(self, count: int, shown: Sequence[Shown], seconds: float) -> None:
        """Curves of the means; each sample's sheet and the table in TensorBoard; and all as a report, the last one.

        Names and prompts are foreign: they are escaped wherever they stand.
        """
        values = means(shown)
        if values:
            self._write("pictures", count, values)
        told = [table(shown)] if values else []
        told_of = "".join(f"  {name} {value:.4g}" for name, value in values.items())
        self.say(f"step {count}/{self._steps}  {len(shown)} pictures in {seconds:.1f} s{told_of}")
        captions = [": ".join(filter(str.strip, (one.name, one.prompt))) for one in shown]
        pictures = [Picture(caption, one.sheet) for caption, one in zip(captions, shown, strict=True)]
        blocks: list[Block] = [*told, *pictures]
        with naming(self._pictures):
            self._pictures.mkdir(exist_ok=True)
            write_report(self._pictures, f"Held-out samples at step {count}", blocks, {"step": count, **values})
        with naming(self._folder):
            for number, one in enumerate(shown):
                self._curves.add_image(f"pictures/{number:02d}", one.sheet, count, dataformats="HWC")
            lines = [markdown.table(block.header, block.rows) for block in told]
            lines += [f"{number:02d}: {markdown.escaped(caption)}" for number, caption in enumerate(captions)]
            self._curves.add_text("pictures", "\n\n".join(lines), count)
            self._curves.flush()

    def say(self, text: str) -> None:
        print(spelt(text), file=sys.stderr, flush=True)

    def close(self) -> None:
        """OSError that names the folder where curves could not be written to their end."""
        with naming(self._folder):
            self._curves.close()

    def _write(self, kind: str, count: int, values: Mapping[str, float]) -> None:
        """OSError that names the file where the disk is full."""
        line = json.dumps({"kind": kind, "step": count, **values})
        with naming(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        with naming(self._folder):
            for name, value in values.items():
                self._curves.add_scalar(f"{kind}/{name}", value, count)
            self._curves.flush()


def read_metrics(output: Path, kind: str) -> list[dict[str, Any]]:
    """Lines of `train` or `validation`, in order."""
    lines = (output / "logs" / METRICS).read_text(encoding="utf-8").splitlines()
    return [line for line in map(json.loads, lines) if line["kind"] == kind]


def _forget(path: Path, done: int) -> None:
    """Drops lines of later steps, and one that a crash cut short."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= done:
                kept.append(f"{line}\n")
        except (ValueError, KeyError, TypeError):
            continue
    with whole_file(os.fspath(path)) as file:
        file.write("".join(kept).encode())


def _left(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
