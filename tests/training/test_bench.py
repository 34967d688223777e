"""The index that `make bench-train` draws has samples that a run could train on."""

from tests.bench_planning import drawn_index
from training.config_files import load_config
from training.tasks import unusable


def test_samples_of_a_drawn_index_serve_a_stage():
    drawn = drawn_index(20)
    assert len(drawn) == 20
    assert [unusable(drawn.facts(row), load_config(None, "3")) for row in range(20)] == [None] * 20
