"""`make evaluate-editing` on folders of stacks."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from data_pipeline.stack_io.formats import write_stack
from evaluation.evaluate_editing import main
from schemas.editing import ReplayRow
from schemas.rows import arrow_schema
from schemas.stack import Stack
from tests.evaluation.noise_stacks import apart, noisy, solid


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """A perfect prediction, one of a lost layer, one absent, one of another size, one damaged; and one too many."""
    truth = {
        "perfect": noisy(1, 2),
        "lost": apart(),
        "absent": noisy(2, 1),
        "size": noisy(3, 1),
        "damaged": noisy(4, 1),
    }
    for name, stack in truth.items():
        write_stack(stack, tmp_path / "truth" / name)
    pred = {
        "perfect": truth["perfect"],
        "lost": replace(truth["lost"], layers=truth["lost"].layers[:3]),
        "size": Stack(20, 20, (solid((0, 0, 20, 20), (9, 9, 9)),)),
        "damaged": truth["damaged"],
        "surplus": truth["perfect"],
    }
    for name, stack in pred.items():
        write_stack(stack, tmp_path / "pred" / name)
    (tmp_path / "pred" / "damaged" / "layer_00.png").write_bytes(b"no picture")
    return tmp_path


def run(stacks: Path, *arguments: str) -> dict:
    folder = stacks / "out"
    where = ["--truth", str(stacks / "truth"), "--pred", str(stacks / "pred"), "--output", str(folder)]
    assert main([*where, "--workers", "1", *arguments]) == 1  # of what could not be compared
    return json.loads((folder / "report.json").read_text())


def test_every_true_stack_counts(stacks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(stacks)
    assert (report["samples"], report["layers"], report["matched"]) == (5, 9, 5)
    expected = (0 + 1 / 4 + 1 + 1 + 1) / 5
    assert report["figures"]["remove"]["region_l1"]["mean"] == pytest.approx(expected, abs=0.02)
    assert report["isolation"] == {"foreign_changed": 0, "outside_max": 0}
    missing = report["run"]["missing"]
    assert len(missing) == 3
    assert report["run"]["uncounted"] == 1
    assert [part for part in ("absent", "damaged", "size") if any(part in one for one in missing)] == [
        "absent", "damaged", "size",
    ]  # fmt: skip
    out = capsys.readouterr().out
    assert "3 predictions are absent or cannot be compared" in out
    assert "1 predictions have no truth" in out


def test_rows_are_stored_as_their_schema_says(stacks: Path) -> None:
    run(stacks)
    table = pq.read_table(stacks / "out" / "edits.parquet")
    assert table.schema.equals(arrow_schema(ReplayRow), check_metadata=True)
    rows = [ReplayRow(**one) for one in table.to_pylist()]
    assert len(rows) == 9 * 12
    assert [field.name for field in fields(ReplayRow)] == table.column_names
    perfect = [row for row in rows if row.sample == "perfect"]
    assert {(row.region_l1, row.frame_ssim) for row in perfect} == {(0.0, 1.0)}


def test_the_page_shows_the_worst_and_fetches_nothing(stacks: Path) -> None:
    run(stacks)
    page = (stacks / "out" / "report.html").read_text()
    assert "predicted, unedited: no layer matches" in page
    assert page.count("<img") >= 5
    assert "http" not in page.replace("http-equiv", "")


def test_any_number_of_processes_gives_the_same_bytes(stacks: Path) -> None:
    run(stacks, "--limit", "2")
    one = (stacks / "out" / "edits.parquet").read_bytes()
    run(stacks, "--limit", "2", "--workers", "2")
    assert (stacks / "out" / "edits.parquet").read_bytes() == one


def test_a_limit_takes_the_first(stacks: Path) -> None:
    assert run(stacks, "--limit", "4", "--layers", "1")["layers"] == 4


def test_one_stack_on_either_side_is_a_pair(stacks: Path) -> None:
    arguments = ["--truth", str(stacks / "truth" / "lost"), "--pred", str(stacks / "pred" / "lost")]
    assert main([*arguments, "--output", str(stacks / "out")]) == 0
    assert json.loads((stacks / "out" / "report.json").read_text())["matched"] == 3


def test_a_truth_that_cannot_be_read_is_left_out_and_named(stacks: Path) -> None:
    (stacks / "truth" / "perfect" / "layer_01.png").unlink()
    report = run(stacks)
    assert report["samples"] == 4
    assert len(report["run"]["skipped"]) == 1
    assert "layer_01.png" in report["run"]["skipped"][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none", "pred"], "none: no such file or folder"),
        (["truth", "none"], "none: no such file or folder"),
        (["truth", "other"], "no stack of other is called as one of truth"),
        (["truth", "pred", "--output", "pred/report"], "pred/report: lies in the input"),
        (["truth", "pred", "--output", "truth/perfect/stack.json"], "lies in the input"),
    ],
)
def test_one_sentence_says_what_is_wrong(
    stacks: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(stacks)
    write_stack(apart(), "other/elsewhere")
    truth, pred, *rest = arguments
    assert main(["--truth", truth, "--pred", pred, *rest]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("lamina: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert not Path("out").exists()
