"""The tables of `make bench-captions`."""

from pathlib import Path

import pytest

from data_pipeline.caption.bench import report
from data_pipeline.caption.qwen import Qwen


def test_the_tables_say_what_a_caption_costs_and_what_batches_gain(tiny_qwen: Path) -> None:
    lines = report(Qwen(str(tiny_qwen)), count=2, side=56, tokens=2).splitlines()
    rows = dict(line.strip("| ").split(" | ") for line in lines if line.count("|") == 3)
    names = [*rows]
    steps = [float(rows[name]) for name in names[1 : names.index("all but the model")] if name != "---"]
    assert len(steps) == 6
    assert float(rows["all but the model"]) == pytest.approx(sum(steps), abs=0.03)
    assert float(rows["one by one"]) > 0
    assert float(rows["in batches"]) > 0
