"""`make import`: layered data of every format through the real job, with all that `make shards` promises."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from audit.verify import verify
from beam_jobs import imports, running, shards
from beam_jobs.children import close_children
from beam_jobs.command_line import parse
from beam_jobs.crello_inputs import find_rows, opened_row
from beam_jobs.folder_inputs import find_stacks
from data_pipeline.drawing import Pixels, draw
from data_pipeline.imported.crello_rows import DamagedRows
from data_pipeline.stack_io.formats import write_stack
from tests.beam_jobs.job import documents, promised, table
from tests.data_pipeline.imported.drawn_crello import design, disc, row, write
from tests.data_pipeline.imported.test_stacks import drawn, released


@pytest.fixture(autouse=True, scope="module")
def _children():
    yield
    close_children()


def run(form, source, output, *flags):
    arguments = ["--format", form, "--input", str(source), "--output", str(output), "--workers", "2", *flags]
    return shards.run(parse(arguments, imports.IMPORTS))


@pytest.fixture(scope="module")
def crello(tmp_path_factory):
    """Two train files, one of them no Parquet, validation and test; a test row is in train too, under another name."""
    folder = tmp_path_factory.mktemp("crello") / "data"
    bad = row("bad", design(9)) | {"angle": [float("nan")] * 4}
    train = [row(f"t{seed}", design(seed)) for seed in range(4)]
    write(folder / "train-00000-of-00002.parquet", [*train, row("copy", design(30), title="the same"), bad])
    write(folder / "test-00000-of-00001.parquet", [row("e0", design(30), title="the same"), row("e1", design(31))])
    write(folder / "validation-00000-of-00001.parquet", [row("v0", design(40)), row("v0", design(41))])
    (folder / "train-00001-of-00002.parquet").write_bytes(b"PAR1" + bytes(50))
    return folder


@pytest.fixture(scope="module")
def imported(crello, tmp_path_factory):
    output = tmp_path_factory.mktemp("imported") / "out"
    manifest = run("crello", crello, output, "--source", "cyberagent/crello", "--licence", "CDLA-Permissive-2.0")
    return output, manifest


def test_every_row_is_a_document_and_keeps_its_published_split(imported):
    rows = documents(imported[0])
    splits = {uri: row["split"] or row["reason"] for uri, row in rows.items()}
    assert splits == {
        **{f"train-00000-of-00002.parquet#t{seed}": "train" for seed in range(4)},
        "train-00000-of-00002.parquet#bad": "damaged_file",
        "train-00000-of-00002.parquet#copy": "duplicate_file",  # what is measured on must not be trained on
        "train-00001-of-00002.parquet": "unreadable",
        "test-00000-of-00001.parquet#e0": "test",
        "test-00000-of-00001.parquet#e1": "test",
        "validation-00000-of-00001.parquet#v0": "validation",
        "validation-00000-of-00001.parquet#v0 row 1": "validation",
    }
    assert {row["licence"] for row in rows.values()} == {"CDLA-Permissive-2.0"}
    assert imported[1]["configuration"]["source"] == "cyberagent/crello"


def test_what_is_imported_passes_verify(imported):
    findings = verify(str(imported[0]), workers=1)
    assert findings.problems == []
    assert findings.checked["recomposition"] == 8


def test_the_card_says_what_was_imported(imported):
    text = (imported[0] / "README.md").read_text()
    assert "8 samples from 11 rows of the Crello dataset" in text
    assert "Splits are those in which the dataset was published" in text
    assert "Photoshop" not in text


def test_texts_of_a_design_are_in_its_sample_and_its_captions(imported):
    (one,) = [one for one in table(imported[0], "layers") if one["text"] == "number 2 & more"]
    assert (one["kind"], one["fate"]) == ("type", "stored")
    assert sum("number 2 & more" in one["text"] for one in table(imported[0], "captions")) >= 2


def test_another_run_curates_nothing_and_a_fresh_one_writes_the_same_bytes(imported, crello, tmp_path, capsys):
    before = promised(imported[0])
    flags = ["--source", "cyberagent/crello", "--licence", "CDLA-Permissive-2.0"]
    run("crello", crello, imported[0], *flags)
    assert promised(imported[0]) == before
    copy = shutil.copytree(crello, tmp_path / "copy")
    run("crello", copy, tmp_path / "out", *flags, "--workers", "1")
    assert promised(tmp_path / "out") == before
    os.utime(copy / "test-00000-of-00001.parquet", ns=(5, 5))  # hashed again, row by row, and found to be the same
    run("crello", copy, tmp_path / "out", *flags)
    assert promised(tmp_path / "out") == before


def test_near_duplicates_in_two_published_splits_are_two_families(tmp_path):
    near = [*design(5)[:3]]
    write(tmp_path / "in" / "train.parquet", [row("a", design(5)), row("b", near)])
    write(tmp_path / "in" / "test.parquet", [row("c", near[:2])])
    run("crello", tmp_path / "in", tmp_path / "out", "--near-bits", "64")
    rows = {uri.partition("#")[2]: one for uri, one in documents(tmp_path / "out").items()}
    assert [rows[name]["split"] for name in "abc"] == ["train", "train", "test"]
    assert rows["a"]["family_id"] == rows["b"]["family_id"] != rows["c"]["family_id"]
    run("crello", tmp_path / "in", tmp_path / "hashed", "--near-bits", "64", "--splits", "hash")
    assert len({one["family_id"] for one in documents(tmp_path / "hashed").values()}) == 1


def test_folders_are_imported_with_their_groups_and_duplicates(tmp_path):
    released(tmp_path / "in" / "deep" / "b", drawn())
    released(tmp_path / "in" / "a", drawn())
    write_stack(drawn(80), tmp_path / "in" / "c.ora")
    (tmp_path / "in" / "d").mkdir()
    (tmp_path / "in" / "d" / "0.png").write_bytes(b"")
    (tmp_path / "in" / "notes.txt").write_text("no stack")
    run("folder", tmp_path / "in", tmp_path / "out")
    reasons = {uri: one["reason"] for uri, one in documents(tmp_path / "out").items()}
    assert reasons == {"a": None, "deep/b": "duplicate_file", "c.ora": None, "d": "damaged_file"}
    assert verify(str(tmp_path / "out"), workers=1).problems == []
    before = promised(tmp_path / "out")
    os.utime(tmp_path / "in" / "a" / "0.png", ns=(5, 5))
    run("folder", tmp_path / "in", tmp_path / "out")
    assert promised(tmp_path / "out") == before


def test_a_psd_needs_no_picture_and_need_not_be_the_one_that_it_holds(tmp_path):
    ground = Pixels(rgba=np.full((48, 48, 4), (9, 99, 199, 255), np.uint8))
    dot = Pixels(rgba=disc((200, 30, 30), 20), left=4, top=4)
    (tmp_path / "in").mkdir()
    draw(tmp_path / "in" / "bare.psd", 48, 48, [ground, dot], has_stored=False)
    draw(tmp_path / "in" / "wrong.psd", 48, 48, [dot, ground, dot], stored=np.full((48, 48, 4), 255, np.uint8))
    run("psd", tmp_path / "in", tmp_path / "out", "--keep", "all", "--near-bits", "0")
    rows = documents(tmp_path / "out")
    assert [(one["reason"], one["flags"], one["gold"]) for _, one in sorted(rows.items())] == [
        (None, [], None),
        ("duplicate_composite", ["unfaithful"], False),
    ]
    assert verify(str(tmp_path / "out"), workers=1).problems == []


def test_a_manifest_names_folders_and_parquets(tmp_path, crello):
    released(tmp_path / "a", drawn())
    (tmp_path / "stacks.csv").write_text("uri,licence\na,MIT\nnone,MIT\n")
    found = {one.uri: (one.problem, dict(one.attributes)) for one in find_stacks(str(tmp_path / "stacks.csv"))}
    assert found["a"] == (None, {"licence": "MIT"})
    assert found["none"][0] == "cannot be read: No such file or directory"
    shutil.copy(crello / "test-00000-of-00001.parquet", tmp_path / "test.parquet")
    (tmp_path / "files.jsonl").write_text(json.dumps({"uri": "test.parquet", "author": "us"}))
    rows = find_rows(str(tmp_path / "files.jsonl"))
    assert [(one.uri, one.row, one.split, one.attributes) for one in rows] == [
        ("test.parquet#e0", 0, "test", (("author", "us"),)),
        ("test.parquet#e1", 1, "test", (("author", "us"),)),
    ]


def refused(capsys, place, *arguments):
    status = imports.main([*arguments, "--output", str(place / "out")])
    said = capsys.readouterr().err
    assert (status, said.count("\n")) == (running.WRONG, 1)
    assert not (place / "out").exists()
    return said


def test_wrong_input_is_one_sentence(capsys, tmp_path, crello):
    (tmp_path / "empty").mkdir()
    assert "--format is missing" in refused(capsys, tmp_path, "--input", str(crello))
    assert "format is 'svg'; it must be one of" in refused(capsys, tmp_path, "--input", "x", "--format", "svg")
    said = refused(capsys, tmp_path, "--format", "folder", "--input", str(tmp_path / "empty"))
    assert "holds no layer stack: no folder of numbered pictures, no .ora" in said
    pq.write_table(
        pq.read_table(crello / "test-00000-of-00001.parquet", columns=["id", "left"]), tmp_path / "x.parquet"
    )
    said = refused(capsys, tmp_path, "--format", "crello", "--input", str(tmp_path / "x.parquet"))
    assert "x.parquet: no rows of the Crello dataset: it has no column canvas_width" in said
    shutil.copy(crello / "test-00000-of-00001.parquet", tmp_path / "mine.parquet")
    said = refused(capsys, tmp_path, "--format", "crello", "--input", str(tmp_path / "mine.parquet"))
    assert "splits is published, but the name of mine.parquet#e0 tells none" in said
    said = refused(capsys, tmp_path, "--format", "psd", "--input", str(tmp_path), "--splits", "published")
    assert "only rows of crello have been split" in said
    said = refused(capsys, tmp_path, "--format", "crello", "--input", str(tmp_path))
    assert "lies in INPUT" in said


def test_a_file_that_is_another_by_the_time_it_is_read_is_damaged(tmp_path):
    path = write(tmp_path / "in" / "train.parquet", [row("a", design(1)), row("b", design(2))])
    rows = find_rows(str(tmp_path / "in"))
    write(path, [row("a", design(1))])
    with pytest.raises(DamagedRows, match="row 1 is asked for, and the file has 1"):
        opened_row(rows[1]).sha256(1 << 30)
    pq.write_table(pq.read_table(path, columns=["id"]), path)
    with pytest.raises(DamagedRows, match="no column canvas_width"):
        opened_row(replace(rows[0], version="later"))


def test_a_dry_run_lists_rows(capsys, crello, tmp_path):
    arguments = ["--format", "crello", "--input", str(crello), "--output", str(tmp_path / "out"), "--dry-run"]
    assert imports.main(arguments) == running.DONE
    lines = capsys.readouterr().out.splitlines()
    assert "curate       test-00000-of-00001.parquet#e0  " in lines
    assert any(line.startswith("reject: cannot be read as Parquet") for line in lines)
    assert lines[-1] == "11 documents, 0 unchanged, 0 finished, 11 to do: time and bytes are not forecast"


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train-00000-of-00014.parquet", "train"),
        ("default/test/0000.parquet", "test"),
        ("validation.parquet", "validation"),
        ("data/test_1.parquet", "test"),
        ("training.parquet", None),
        ("latest.parquet", None),
    ],
)
def test_the_split_is_read_from_the_name(tmp_path, name, split):
    write(tmp_path / "in" / name, [row("a", design(1)[:1])])
    assert [one.split for one in find_rows(str(tmp_path / "in"))] == [split]
