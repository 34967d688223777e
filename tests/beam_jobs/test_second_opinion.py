"""A second opinion from the command line to the dataset: asked once, remembered, named, and never a lost sample."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from audit.verify import verify
from beam_jobs import running, shards
from beam_jobs.children import close_children
from beam_jobs.command_line import parse
from beam_jobs.options import JobOptions
from data_pipeline.drawing import draw
from data_pipeline.stack_io.canonical_json import decode_json
from tests.beam_jobs.marked_design import SIDE_PX, ground, mark
from tests.chat_server import chat_server, says, sends


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("marked")
    draw(folder / "marked.psd", SIDE_PX, SIDE_PX, [ground(), mark()])
    return folder


@pytest.fixture(autouse=True)
def _children() -> Iterator[None]:
    """Each test has children of its own: they keep their connections."""
    yield
    close_children()


def _options(source: Path, output: Path, *flags: str) -> JobOptions:
    given = [
        "--input",
        str(source),
        "--output",
        str(output),
        "--workers",
        "1",
        "--second-opinion",
        "--captioner",
        "none",
        *flags,
    ]
    return parse(given)


def _mark(output: Path) -> dict:
    assert verify(str(output), 1).problems == []
    return pq.read_table(output / "tables" / "layers").to_pylist()[-1]


def test_a_doubt_keeps_the_layer_and_is_asked_once(source: Path, tmp_path: Path) -> None:
    out, answers = tmp_path / "out", str(tmp_path / "answers")
    with chat_server(says("No."), models=("tiny-vl",)) as server:
        shards.run(_options(source, out, "--url", server.url, "--answers", answers))
        first = _mark(out)
        assert len(server.questions) == 1
        assert server.questions[0]["model"] == "tiny-vl"
        shards.run(_options(source, tmp_path / "again", "--url", server.url, "--answers", answers))
        assert len(server.questions) == 1
    assert (first["drop_reason"], first["flags"]) == (None, ["watermark_doubted"])
    assert _mark(tmp_path / "again") == first
    manifest = decode_json((out / "manifest.json").read_bytes())
    assert manifest["configuration"]["opinion_model"] == "tiny-vl"
    assert server.url not in (out / "manifest.json").read_text()  # where a server stands is nobody's business


def test_an_agreement_drops_it(source: Path, tmp_path: Path) -> None:
    with chat_server(says("Yes")) as server:
        shards.run(_options(source, tmp_path / "out", "--url", server.url))
    mark = _mark(tmp_path / "out")
    assert (mark["drop_reason"], mark["flags"]) == ("watermark", [])


@pytest.mark.parametrize("status", [400, 500])
def test_a_server_that_fails_leaves_the_detectors_word(source: Path, tmp_path: Path, status: int) -> None:
    with chat_server(sends(b"broken", status)) as server:
        shards.run(_options(source, tmp_path / "out", "--url", server.url))
    mark = _mark(tmp_path / "out")
    assert (mark["drop_reason"], mark["flags"]) == ("watermark", ["watermark_unconfirmed"])


def test_a_server_that_is_gone_ends_the_run_and_costs_no_sample(source: Path, tmp_path: Path) -> None:
    with chat_server(sends(b"", 503)) as server:
        listed = server.list_models
        asked: list[object] = []

        def list_models(handler, _):
            asked.append(_)
            (listed if len(asked) == 1 else sends(b"", 503))(handler, {})

        server.list_models = list_models
        options = _options(source, tmp_path / "out", "--url", server.url)
        with pytest.raises(running.Failed, match="gives no second opinion any more"):
            shards.run(options)
        server.replies, server.list_models = [says("no")], listed
        shards.run(options)
    assert _mark(tmp_path / "out")["flags"] == ["watermark_doubted"]


def test_without_a_server_nothing_is_done(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    flags = ["--input", str(source), "--output", str(tmp_path / "out"), "--captioner", "none"]
    assert shards.main([*flags, "--url", "http://127.0.0.1:9"]) == running.WRONG
    assert "nothing asks the model there" in capsys.readouterr().err
    flags.append("--second-opinion")
    assert shards.main(flags) == running.WRONG
    assert "give its server as --url" in capsys.readouterr().err
    assert shards.main([*flags, "--url", "http://127.0.0.1:9"]) == running.WRONG
    assert "the server at http://127.0.0.1:9/v1 cannot be used" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
