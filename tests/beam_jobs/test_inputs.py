"""INPUT: what is found, in which order, under which names."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beam_jobs.inputs import find_inputs
from schemas.spelling import printable


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def uris(where):
    return [one.uri for one in find_inputs(str(where))]


def test_a_folder_is_searched_to_the_bottom_in_the_order_of_uris(tmp_path):
    touch(tmp_path, "b.psd", "a/z.PSB", "a.psd", ".hidden/c.Psd", "no.png", "psd")
    assert uris(tmp_path) == [".hidden/c.Psd", "a.psd", "a/z.PSB", "b.psd"]


def test_what_is_no_regular_file_is_a_problem_of_its_own(tmp_path):
    touch(tmp_path, "a.psd")
    os.mkfifo(tmp_path / "fifo.psd")
    os.symlink(tmp_path / "gone", tmp_path / "link.psd")
    os.symlink("loop.psd", tmp_path / "loop.psd")
    problems = {one.uri: one.problem for one in find_inputs(str(tmp_path))}
    assert problems["a.psd"] is None
    assert problems["fifo.psd"] == "no regular file"
    assert problems["link.psd"] == "cannot be read: No such file or directory"
    assert problems["loop.psd"].startswith("cannot be read: Too many levels")


def test_a_single_file_is_an_input(tmp_path):
    touch(tmp_path, "a.psd")
    assert uris(tmp_path / "a.psd") == ["a.psd"]


def test_a_manifest_in_each_format(tmp_path):
    touch(tmp_path, "x/a.psd", "x/b.psd")
    (tmp_path / "m.csv").write_text("\ufeffuri,licence,size\nx/b.psd,MIT,3\nx/a.psd,,4\n", encoding="utf-8")
    (tmp_path / "m.jsonl").write_text('{"uri": "x/b.psd", "licence": "MIT"}\n\n{"uri": "x/a.psd", "licence": null}\n')
    pq.write_table(pa.table({"uri": ["x/b.psd", "x/a.psd"], "licence": ["MIT", None]}), tmp_path / "m.parquet")
    found = [find_inputs(str(tmp_path / f"m.{kind}")) for kind in ("csv", "jsonl", "parquet")]
    assert found[0] == found[1] == found[2]
    assert [(one.uri, one.attributes) for one in found[0]] == [("x/a.psd", ()), ("x/b.psd", (("licence", "MIT"),))]


def test_a_fingerprint_follows_size_time_and_attributes(tmp_path):
    touch(tmp_path, "a.psd")
    (before,) = find_inputs(str(tmp_path))
    os.utime(tmp_path / "a.psd", ns=(5, 5))
    (after,) = find_inputs(str(tmp_path))
    assert before.fingerprint != after.fingerprint
    assert before.document_id == after.document_id


def test_lone_surrogates_of_a_manifest_are_spelled_out(tmp_path):
    (tmp_path / "m.jsonl").write_text('{"uri": "\\ud800.psd"}')
    (one,) = find_inputs(str(tmp_path / "m.jsonl"))
    assert (one.uri, one.problem) == ("\\ud800.psd", "cannot be read: not a path")


@pytest.mark.parametrize(("text", "shown"), [("a\nb", "a\\nb"), ("\x1b[2J", "\\x1b[2J"), ("é🦊", "é🦊")])
def test_a_terminal_gets_no_control_characters(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uri,licence\na.psd,MIT,GPL\n", "line 2 has 3 cells, the header 2"),
        ("uri,licence,licence\na.psd,MIT,GPL\n", "the same name"),
        ("URI\na.psd\n", "no column 'uri' among 'URI'"),
        ("path\na.psd\n", "no column 'uri' among 'path'"),
    ],
)
def test_a_manifest_that_does_not_fit_its_header_is_refused(tmp_path, text, message):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        find_inputs(str(tmp_path / "m.csv"))


def test_names_that_only_differ_in_what_is_spelled_out_stay_apart(tmp_path):
    (tmp_path / os.fsdecode(b"bad\xff.psd")).write_bytes(b"x")
    (tmp_path / "bad\\xff.psd").write_bytes(b"x")
    assert uris(tmp_path) == ["bad\\\\xff.psd", "bad\\xff.psd"]


def test_a_glob_goes_round_no_circle(tmp_path):
    touch(tmp_path, "a/x.psd")
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a")
    assert uris(f"{tmp_path}/**/*.psd") == ["a/x.psd"]


def test_a_folder_may_be_named_like_a_glob_or_a_manifest(tmp_path):
    for name in ("br[1]", "star*", "data.csv"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.psd").write_bytes(b"x")
        assert [one.uri for one in find_inputs(str(tmp_path / name))] == ["a.psd"]
