"""`make evaluate` as its user runs it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data_pipeline.stack_io.collection import stacks_in
from data_pipeline.stack_io.formats import write_stack
from evaluation.command_line import DONE, INCOMPLETE, WRONG
from evaluation.decomposition.metric import decompose
from evaluation.evaluate import main
from schemas.decomposition import PairRow
from schemas.rows import arrow_schema
from tests.evaluation.drawn_stacks import DOT, GROUND, LEFT, RIGHT, painted, written

TRUTH = painted(GROUND, LEFT, RIGHT)
PRED = painted(GROUND, RIGHT, LEFT, DOT)
HOSTILE = "<img src=x onerror=alert(1)>|`"


def run(pred: Path, truth: Path, output: Path, *options: str) -> int:
    return main(["--pred", str(pred), "--truth", str(truth), "--output", str(output), "--workers", "1", *options])


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """(OUTPUT, exit status) of pairs of every kind."""
    root = tmp_path_factory.mktemp("mixed")
    written(root / "truth", good=TRUTH, fair=TRUTH, lost=TRUTH, damaged=TRUTH, single=TRUTH, wide=TRUTH)
    written(root / "truth", **{HOSTILE: TRUTH})
    written(root / "pred", good=TRUTH, fair=PRED, extra=TRUTH, damaged=TRUTH, single=painted(GROUND))
    written(root / "pred", wide=painted(GROUND, LEFT, width=30), **{HOSTILE: PRED})
    (root / "pred" / "damaged" / "layer_01.png").write_bytes(b"nothing")
    return root / "out", run(root / "pred", root / "truth", root / "out")


def test_every_name_is_a_row(mixed: tuple[Path, int]) -> None:
    rows = {row["name"]: row for row in pq.read_table(mixed[0] / "pairs.parquet").to_pylist()}
    assert {name: row["status"] for name, row in rows.items()} == {
        "good": "scored", "fair": "scored", HOSTILE: "scored", "single": "single_layer", "lost": "no_prediction",
        "extra": "no_truth", "damaged": "unreadable", "wide": "size_mismatch",
    }  # fmt: skip
    assert "layer_01.png" in rows["damaged"]["message"]
    assert rows["fair"]["cost"] == [one.cost for one in decompose(PRED, TRUTH).rows]


def test_the_table_has_the_schema_of_its_rows(mixed: tuple[Path, int]) -> None:
    table = pq.read_table(mixed[0] / "pairs.parquet")
    assert table.schema.equals(arrow_schema(PairRow))
    assert b"lamina.schema_version" in table.schema.metadata
    assert [PairRow(**row).name for row in table.to_pylist()] == sorted(table["name"].to_pylist())


def test_what_could_not_be_measured_is_in_the_exit_status(mixed: tuple[Path, int]) -> None:
    assert mixed[1] == INCOMPLETE


def test_the_json_states_means_counts_and_what_was_published(mixed: tuple[Path, int]) -> None:
    stated = json.loads((mixed[0] / "report.json").read_text())
    assert stated["pairs"]["scored"] == 3
    assert stated["pairs"]["unreadable"] == 1
    assert [row["merges"] for row in stated["decomposition"]] == [0, 1, 2, 3, 4, 5]
    expected = np.mean([0.0, *[decompose(PRED, TRUTH).rows[0].cost] * 2])
    assert stated["decomposition"][0]["cost"]["mean"] == pytest.approx(expected)
    assert stated["published"][0]["rgb_l1"][0] == 0.0709


def test_the_report_is_honest_of_what_it_leaves_out(mixed: tuple[Path, int]) -> None:
    text = (mixed[0] / "report.md").read_text()
    assert "4 pairs could not be scored" in text
    assert "test set of Crello" in text
    assert "| LayerD (published) | 0.0709 | 0.0541 |" in text
    assert "width 24 to 24" in text
    assert "fewer than 2 layers on a side are left out, as in LayerD's evaluation: 1." in text


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name == "src"]


def test_the_page_needs_nothing_beside_it_and_names_are_no_markup(mixed: tuple[Path, int]) -> None:
    page = _Page()
    page.feed((mixed[0] / "report.html").read_text())
    assert "script" not in page.tags
    assert len(page.sources) == 3
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)


def test_the_worst_are_pictures_by_number(mixed: tuple[Path, int]) -> None:
    pictures = sorted((mixed[0] / "worst").iterdir())
    assert [one.name for one in pictures] == ["00.png", "01.png", "02.png"]
    for one in pictures:
        with Image.open(one) as picture:
            assert picture.mode == "RGB"


def test_a_report_made_twice_is_the_same(mixed: tuple[Path, int], tmp_path: Path) -> None:
    root = mixed[0].parent
    run(root / "pred", root / "truth", tmp_path / "out", "--worst", "1")
    run(root / "pred", root / "truth", tmp_path / "out", "--worst", "1")
    for name in ("report.json", "pairs.parquet"):
        assert (tmp_path / "out" / name).read_bytes() == (mixed[0] / name).read_bytes()
    assert [one.name for one in (tmp_path / "out/worst").iterdir()] == ["00.png"]
    assert re.findall(r"\]\((.*)\)", (tmp_path / "out/report.md").read_text()) == ["worst/00.png"]


def test_a_dataset_is_a_truth_and_processes_change_nothing(dataset: Path, tmp_path: Path) -> None:
    for ref in stacks_in(dataset):
        write_stack(ref.read(), tmp_path / "pred" / f"{ref.name}.ora")
    arguments = ["--pred", str(tmp_path / "pred"), "--truth", str(dataset), "--output", str(tmp_path / "out")]
    assert main([*arguments, "--workers", "2", "--worst", "2"]) == DONE
    stated = json.loads((tmp_path / "out/report.json").read_text())
    assert stated["decomposition"][0]["cost"]["mean"] == 0
    assert stated["forgiven"]["recomposition_mean"]["mean"] == 0
    assert stated["pairs"]["scored"] + stated["pairs"]["single_layer"] == sum(stated["pairs"].values()) > 8


def test_single_layers_are_scored_on_demand(tmp_path: Path) -> None:
    written(tmp_path, pred=painted(GROUND), truth=TRUTH)
    assert run(tmp_path / "pred", tmp_path / "truth", tmp_path / "out") == DONE
    assert json.loads((tmp_path / "out/report.json").read_text())["decomposition"] == []
    assert run(tmp_path / "pred", tmp_path / "truth", tmp_path / "out", "--score-single-layers") == DONE
    assert len(json.loads((tmp_path / "out/report.json").read_text())["decomposition"]) == 6


@pytest.mark.parametrize(
    ("pred", "output", "says"),
    [
        ("no", "out", "no: no such file"),
        ("pred", "pred/report", "lies in"),
        ("pred", "truth", "is the input"),
        ("pred", "file", "can be no folder"),
        ("pred", "file/deep", "can be no folder"),
    ],
)
def test_what_is_wrong_is_one_sentence_before_any_work(
    pred: str, output: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, pred=TRUTH, truth=TRUTH)
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    assert run(tmp_path / pred, tmp_path / "truth", tmp_path / output) == WRONG
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("option", [("--workers", "0"), ("--limit", "none"), ("--max-edits", "-1")])
def test_options_are_numbers(option: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(tmp_path, tmp_path, tmp_path / "out", *option)
    assert stopped.value.code == WRONG
    assert option[0] in capsys.readouterr().err
