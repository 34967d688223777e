"""The tables of `make bench-captions`."""

from pathlib import Path

import pytest

from data_pipeline.caption.bench import report
from data_pipeline.caption.qwen import Qwen


def test_the_tables_say_what_a_caption_costs_and_what_batches_gain(tiny_qwen: Path) -> None:
    lines = report(Qwen(str(tiny_qwen)), count=2, side=56, tokens=2).splitlines()
    rows = dict(line.strip("| ").split(" | ") for line in lines if line.count("|") == 3)
    costs = {name: float(cost) for name, cost in rows.items() if cost.replace(".", "").isdigit()}
    assert len(costs) == 10 + 4 + 2
    always = sum(costs[name] for name in [*costs][2:5])
    in_process = sum(costs[name] for name in [*costs][:8])
    assert costs["all but the model, in this process"] == pytest.approx(in_process, abs=0.05)
    assert costs["all but a server, of an opaque composite"] == pytest.approx(
        always + costs["a question to a server and back"], abs=0.03
    )
    assert costs["the same, where a GPU makes the values"] < costs["all but the model, in this process"]
    assert costs["all but a server, of an opaque composite"] < costs["all but a server, of one with transparency"]
    assert float(rows["one by one"]) > 0
    assert float(rows["in batches"]) > 0
