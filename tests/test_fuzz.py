"""Broken PSDs harm nothing but themselves; the same seed gives the same ones."""

import os
from pathlib import Path

import pytest

from tests.fuzz import Report, fuzz, lines
from tests.fuzz_pool import drawn_originals
from tests.mutations import mutant
from tests.psd_fields import fields

_COUNT = 300


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return fuzz(_COUNT, seed=0, workers=2, keep=tmp_path_factory.mktemp("kept"))


def test_every_promise_holds(report: Report) -> None:
    assert report.problems == []


def test_every_mutant_is_accounted_for(report: Report) -> None:
    assert report.documents == _COUNT


def test_mutants_reach_every_part_of_the_job(report: Report) -> None:
    assert {"accepted", "damaged_file", "damaged_pixels", "duplicate_composite"} <= set(report.reasons)


def test_none_is_too_dear(report: Report) -> None:
    assert report.slow == []


@pytest.mark.long
def test_many_more(tmp_path: Path) -> None:
    report = fuzz(10_000, seed=1, workers=os.cpu_count() or 1, keep=tmp_path)
    assert report.problems == [], "\n".join(lines(report))


def test_the_same_seed_gives_the_same_mutants() -> None:
    pool = drawn_originals()
    first, again = ([mutant(pool, 5, index).data for index in range(40)] for _ in range(2))
    assert first == again
    assert len(set(first)) > 35


def test_a_field_lies_where_the_format_says() -> None:
    (large,) = [one for one in drawn_originals() if one.name == "large.psb"]
    places = {field.name: large.data[field.offset : field.offset + field.size] for field in fields(large.data)}
    assert places["width"] == (72).to_bytes(4, "big")
    assert places["signature of a block"] == b"8BIM"
    assert places["compression of the stored image"] == b"\0\1"
