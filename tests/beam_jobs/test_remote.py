"""INPUT and OUTPUT behind Beam's file systems give the bytes that local ones give."""

import json

import pytest

from beam_jobs import files, shards
from beam_jobs.command_line import parse
from beam_jobs.crello_inputs import ids_of, opened_row
from beam_jobs.inputs import Input, find_inputs
from tests.beam_jobs import fake, shelf
from tests.beam_jobs.job import documents, promised, run
from tests.data_pipeline.imported.drawn_crello import design, row, write


@pytest.fixture
def place(tmp_path):
    for index in range(5):
        fake.write(tmp_path / "in", f"sub/{index}.PSD", colour=index, layers=1 + index)
    return tmp_path


def run_remote(place, source="in", output="out"):
    arguments = ["--input", f"shelf://{place}/{source}", "--output", f"shelf://{place}/{output}"]
    return shards.run(parse(arguments), shelf.curate)


def test_the_bytes_are_the_same(place):
    run(place / "in", place / "local")
    run_remote(place)
    assert promised(place / "out") == promised(place / "local")


def test_a_grown_input_is_as_if_fresh(place):
    late = place / "in" / "sub" / "2.PSD"
    late.rename(place / "late")
    run_remote(place)
    (place / "late").rename(late)
    run_remote(place)
    run(place / "in", place / "local")
    assert promised(place / "out") == promised(place / "local")


def test_a_glob_is_relative_to_its_fixed_part(place):
    files.configure(())
    remote = [one.uri for one in find_inputs(f"shelf://{place}/in/**.PSD")]
    local = [one.uri for one in find_inputs(f"{place}/in/**/*.PSD")]
    assert remote == local == [f"sub/{index}.PSD" for index in range(5)]


def test_a_manifest_names_remote_files(place):
    rows = [{"uri": f"shelf://{place}/in/sub/0.PSD"}, {"uri": f"shelf://{place}/in/none.psd"}, {"uri": "in/sub/1.PSD"}]
    (place / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    run_remote(place, "m.jsonl")
    found = documents(place / "out")
    assert [found[row["uri"]]["reason"] for row in rows] == [None, "unreadable", None]


def test_a_parquet_of_crello_is_read_in_place(tmp_path):
    path = write(tmp_path / "train.parquet", [row("a", design(1)), row("b", design(2))])
    assert ids_of(f"shelf://{path}", ()) == ["a", "b"]
    here, there = (opened_row(Input("train.parquet#b", name, row=1)) for name in (str(path), f"shelf://{path}"))
    assert here.sha256(1 << 30) == there.sha256(1 << 30) is not None
