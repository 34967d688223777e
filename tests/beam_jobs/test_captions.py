"""Captions that a model writes: in the job, in a dataset that is finished, remembered, and never at a sample's cost."""

import hashlib
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from audit.verify import verify
from beam_jobs import captions, running, sample_captions, shards
from beam_jobs.caption_handler import InProcess, Served, visual_tokens
from beam_jobs.children import close_children
from beam_jobs.command_line import parse
from beam_jobs.models import published_name
from beam_jobs.references import Reference, Slice
from data_pipeline.caption import server as server_module
from data_pipeline.drawing import Pixels, Text, draw
from data_pipeline.shard_io import index_tar, read_at
from data_pipeline.stack_io.canonical_json import decode_json
from tests.chat_server import ChatServer, chat_server, says, sends
from tests.conftest import _disc, _layers

CAPTION = 'A plain green ground carries the white text "Hello world" in its middle, above a row of discs.'


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("designs")
    for seed in range(3):
        label = Text(name="Label", text=f"Hello \U0001f600 {seed}", rgba=_disc(seed + 70, 20), left=70, top=40)
        gone = Text(name="Old", text="not this", rgba=_disc(seed + 70, 20), left=30, top=10, visible=False)
        draw(folder / f"{seed}.psd", 96, 64, [*_layers(seed, 2), label, gone])
    draw(folder / "plain.psd", 96, 64, [Pixels(name="Ground", rgba=_layers(9, 0)[0].rgba)])
    (folder / "no.psd").write_text("not a Photoshop file")
    return folder


@pytest.fixture(scope="module")
def captioned(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with captions from texts and layer names. Read only."""
    output = tmp_path_factory.mktemp("captioned") / "out"
    run(source, output)
    return output


@pytest.fixture(autouse=True)
def _children() -> Iterator[None]:
    yield
    close_children()


def run(source: Path, output: Path, *flags: str) -> dict:
    manifest = shards.run(parse(["--input", str(source), "--output", str(output), "--workers", "1", *flags]))
    assert verify(str(output), 1).problems == []
    return manifest


def recaption(output: Path, *flags: str) -> dict:
    manifest = captions.run(captions.parse_captions([str(output), *flags]))
    assert verify(str(output), 1).problems == []
    return manifest


def rows(output: Path) -> list[dict]:
    return pq.read_table(output / "tables" / "captions").to_pylist()


def members(output: Path) -> dict[str, bytes]:
    found = {}
    for path in sorted((output / "shards").glob("*.tar")):
        with path.open("rb") as file:
            found |= {one.name: read_at(file, one.offset, one.size) for one in index_tar(file)}
    return found


def files(output: Path) -> dict[str, bytes]:
    """All that inputs, options and answers decide."""
    paths = [path for path in output.rglob("*") if path.is_file()]
    kept = [path for path in paths if path.relative_to(output).parts[0] not in ("state", "logs")]
    return {str(path.relative_to(output)): path.read_bytes() for path in kept}


def words(server: ChatServer) -> list[str]:
    return [asked["messages"][0]["content"][-1]["text"] for asked in server.questions]


def test_the_job_asks_for_a_caption_of_each_sample(source: Path, tmp_path: Path) -> None:
    with chat_server(says(CAPTION), models=("Qwen2.5-VL",)) as server:
        manifest = run(source, tmp_path / "out", "--url", server.url)
        asked = words(server)
    assert len(asked) == 4
    assert sum('["Hello \U0001f600' in one for one in asked) == 3
    assert sum('["not this"]' in one for one in asked) == 3
    assert manifest["configuration"]["captioner"] == "server"
    assert manifest["configuration"]["caption_model"] == "Qwen2.5-VL"
    found = rows(tmp_path / "out")
    assert [row["text"] for row in found] == [CAPTION] * 4
    assert {row["model"] for row in found} == {"Qwen2.5-VL"}
    assert {row["prompt_version"] for row in found} == {"composite.long.en/1+facts.en/1", "composite.long.en/1"}
    assert {(row["finish_reason"], row["tokens"], row["language"], row["length"]) for row in found} == {
        ("stop", len(CAPTION.split()), "en", "long")
    }
    assert sorted(str(row["quoted"]) for row in found) == ["0.5", "0.5", "0.5", "None"]  # Hello, but not the number
    texts = [data.decode() for name, data in members(tmp_path / "out").items() if name.endswith(".txt")]
    assert texts == [CAPTION] * 4


def test_a_server_of_a_folder_keeps_its_place_to_itself(source: Path, tmp_path: Path) -> None:
    """It is asked by the name that it gave; what is stored has the folder's alone, whether captions or opinions."""
    with chat_server(says(CAPTION), models=("/home/somebody/models/Qwen2.5-VL-7B",)) as server:
        run(source, tmp_path / "out", "--url", server.url, "--second-opinion")
        assert {asked["model"] for asked in server.questions} == {"/home/somebody/models/Qwen2.5-VL-7B"}
    assert {row["model"] for row in rows(tmp_path / "out")} == {"Qwen2.5-VL-7B"}
    manifest = decode_json((tmp_path / "out" / "manifest.json").read_bytes())
    assert manifest["configuration"]["caption_model"] == "Qwen2.5-VL-7B"
    assert manifest["configuration"]["opinion_model"] == "Qwen2.5-VL-7B"
    assert not any(b"somebody" in data for data in files(tmp_path / "out").values())


@pytest.mark.parametrize(
    ("served", "name"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct"),
        ("accounts/somewhere/models/qwen", "accounts/somewhere/models/qwen"),
        ("tiny", "tiny"),
        ("/models/tiny", "tiny"),
        ("/models/tiny/", "tiny"),
        ("~/tiny", "tiny"),
        ("../models/tiny", "tiny"),
        (r"C:\models\tiny.gguf", "tiny.gguf"),
        (".", "."),
    ],
)
def test_of_a_path_the_last_part_is_a_models_name(served: str, name: str) -> None:
    assert published_name(served) == name


def test_a_run_again_asks_nothing_and_changes_nothing(source: Path, tmp_path: Path) -> None:
    with chat_server(says(CAPTION)) as server:
        answers = str(tmp_path / "answers")
        run(source, tmp_path / "out", "--url", server.url, "--answers", answers)
        before = files(tmp_path / "out")
        run(source, tmp_path / "out", "--url", server.url, "--answers", answers)
        run(source, tmp_path / "fresh", "--url", server.url, "--answers", answers)
        assert len(server.questions) == 4
    assert files(tmp_path / "out") == before
    assert files(tmp_path / "fresh") == before


def test_a_grown_input_is_captioned_as_a_fresh_one(source: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    shutil.copytree(source, part)
    (part / "1.psd").unlink()
    with chat_server(says(CAPTION)) as server:
        answers = str(tmp_path / "answers")
        run(part, tmp_path / "out", "--url", server.url, "--answers", answers)
        assert len(server.questions) == 3
        shutil.copy(source / "1.psd", part)
        run(part, tmp_path / "out", "--url", server.url, "--answers", answers)
        assert len(server.questions) == 4
        run(part, tmp_path / "fresh", "--url", server.url, "--answers", answers)
    assert files(tmp_path / "out") == files(tmp_path / "fresh")


def test_both_jobs_say_how_far_they_are(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with chat_server(says(CAPTION)) as server:
        run(source, tmp_path / "out", "--url", server.url)
        assert "captioned 4 of 4 samples in" in capsys.readouterr().err
        recaption(tmp_path / "out", "--url", server.url)
        assert "captioned 4 of 4 samples in" in capsys.readouterr().err


def test_a_sample_without_an_answer_is_not_counted_as_captioned(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    no = sends(b"no", 400)  # as it is stored, and as PNG
    with chat_server(no, no, says(CAPTION)) as server:
        run(source, tmp_path / "out", "--url", server.url, "--concurrency", "1")
    assert "captioned 3 of 4 samples in" in capsys.readouterr().err


def test_layers_languages_and_lengths_are_options(source: Path, tmp_path: Path) -> None:
    flags = ["--caption-layers", "--caption-language", "both", "--caption-length", "both", "--no-caption-text"]
    with chat_server(says(CAPTION)) as server:
        run(source, tmp_path / "out", "--url", server.url, *flags)
        assert not any("Hello" in one for one in words(server))
    found = rows(tmp_path / "out")
    key = found[0]["key"]
    stored = sum(name.startswith(f"{key}.layer_") for name in members(tmp_path / "out"))
    own = [row for row in found if row["key"] == key]
    assert [(row["layer_index"], row["language"], row["length"]) for row in own] == [
        (None, "en", "long"), (None, "en", "short"), (None, "zh", "long"), (None, "zh", "short"),
        *((index, "en", "long") for index in range(stored)),
    ]  # fmt: skip
    assert all("wrong_language" in row["flags"] for row in own if row["language"] == "zh")


def test_a_finished_dataset_gets_new_captions_without_its_psds(source: Path, tmp_path: Path) -> None:
    psds = tmp_path / "psds"
    shutil.copytree(source, psds)
    run(psds, tmp_path / "out", "--captioner", "none", "--max-area", "4000")
    pixels = {name: data for name, data in members(tmp_path / "out").items() if name.endswith(".webp")}
    shutil.move(psds, tmp_path / "elsewhere")
    with chat_server(says(CAPTION)) as server:
        answers = str(tmp_path / "answers")
        recaption(tmp_path / "out", "--url", server.url, "--answers", answers)
        run(
            tmp_path / "elsewhere",
            tmp_path / "at-once",
            "--url",
            server.url,
            "--answers",
            answers,
            "--max-area",
            "4000",
        )
        assert len(server.questions) == 4
        assert files(tmp_path / "out") == files(tmp_path / "at-once")
        assert {name: data for name, data in members(tmp_path / "out").items() if name.endswith(".webp")} == pixels
        server.replies = [says("Another caption of this fine picture stands here.")]
        recaption(tmp_path / "out", "--url", server.url, "--caption-length", "short")
    assert {(row["text"][:7], row["length"]) for row in rows(tmp_path / "out")} == {("Another", "short")}
    manifest = decode_json((tmp_path / "out" / "manifest.json").read_bytes())
    assert manifest["configuration"]["caption_length"] == "short"
    assert manifest["configuration"]["max_area"] == 4000


@pytest.mark.parametrize(
    ("status", "message"), [(401, r"takes no questions \(status 401: no\)"), (400, "tiny answered no question")]
)
def test_captions_that_are_there_are_not_replaced_by_none(
    captioned: Path, tmp_path: Path, status: int, message: str
) -> None:
    shutil.copytree(captioned, tmp_path / "out")
    before = files(tmp_path / "out")
    with chat_server(sends(b"no", status)) as server:
        with pytest.raises(running.Failed, match=message):
            recaption(tmp_path / "out", "--url", server.url)
        assert files(tmp_path / "out") == before
        server.replies = [says(CAPTION)]
        recaption(tmp_path / "out", "--url", server.url)
    assert [row["text"] for row in rows(tmp_path / "out")] == [CAPTION] * 4


def test_a_failed_question_loses_no_caption_that_was_there(source: Path, tmp_path: Path) -> None:
    """It stays in its language and length, flagged, until it is answered; where there was none, none is made up."""

    def reply(handler, question):
        text = question["messages"][0]["content"][-1]["text"]
        is_bad = "Hello \U0001f600 0" in text and server.is_broken
        (sends(b"no", 400) if is_bad else says(server.caption))(handler, question)

    asked = ["--caption-layers", "--caption-length", "both"]
    with chat_server(reply) as server:
        server.is_broken, server.caption = False, CAPTION
        run(source, tmp_path / "out", "--url", server.url, "--caption-layers")
        server.is_broken, server.caption = True, "Something else is said of this design here."
        for k in range(2):  # with nothing remembered
            answers = ["--answers", str(tmp_path / f"answers{k}")]
            manifest = recaption(tmp_path / "out", "--url", server.url, *asked, *answers)
            found = rows(tmp_path / "out")
            assert manifest["counts"]["captions"] == {"all": len(found), "failed": 2, "flagged": 2}
            kept = [row for row in found if row["text"] == CAPTION]
            assert [(row["flags"], row["finish_reason"], row["length"]) for row in kept] == [
                (["earlier"], "stop", "long")
            ]
            assert [(row["flags"], row["length"]) for row in found if not row["text"]] == [(["failed"], "short")]
            assert len({row["text"] for row in found if row["layer_index"] is not None}) == 1
        server.is_broken = False
        recaption(tmp_path / "out", "--url", server.url, *asked, *answers)
    assert {row["text"] for row in rows(tmp_path / "out")} == {server.caption}


def test_ctrl_c_ends_the_threads_of_a_runner(source: Path, tmp_path: Path) -> None:
    """Of two at work each has a question on its way; no other is asked."""
    flags = ["--direct_running_mode", "multi_threading", "--direct_num_workers", "2", "--concurrency", "1"]
    run(source, tmp_path / "out")

    def reply(handler, question):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.5)
        says(CAPTION)(handler, question)

    with chat_server(reply) as server:
        with pytest.raises(KeyboardInterrupt):
            captions.run(captions.parse_captions([str(tmp_path / "out"), "--url", server.url, *flags]))
        assert len(server.questions) <= 2


def test_what_is_remembered_is_not_decoded(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(source, tmp_path / "out")
    with chat_server(says(CAPTION)) as server:
        recaption(tmp_path / "out", "--url", server.url)
        before = files(tmp_path / "out")
        monkeypatch.setattr(sample_captions, "decode_image", None)
        recaption(tmp_path / "out", "--url", server.url)
        assert len(server.questions) == 4
    assert files(tmp_path / "out") == before


def test_a_slow_answer_keeps_no_other_waiting(source: Path, tmp_path: Path) -> None:
    """Nor those that are asked for again: the slow one comes when all others are there, two questions at a time."""
    others, retries = threading.Event(), []

    def reply(handler, question):
        is_slow = "Hello \U0001f600 0" in question["messages"][0]["content"][-1]["text"]
        if is_slow:
            assert others.wait(20)
        if question["temperature"] > 0:
            retries.append(question)
            if len(retries) == 3:
                others.set()
        says(CAPTION if is_slow or question["temperature"] else "I'm sorry, I can't.")(handler, question)

    with chat_server(reply) as server:
        run(source, tmp_path / "out", "--url", server.url, "--concurrency", "2")
        assert len(server.questions) == 1 + 3 * 2
    assert [row["text"] for row in rows(tmp_path / "out")] == [CAPTION] * 4


def test_the_order_of_answers_changes_no_byte(source: Path, tmp_path: Path) -> None:
    def reply(handler, question):
        text = question["messages"][0]["content"][-1]["text"]
        name = hashlib.sha256(text.encode()).hexdigest()
        time.sleep(random.random() / 10)
        says(f"A design that is called {name} stands here.")(handler, question)

    with chat_server(reply) as server:
        run(source, tmp_path / "one", "--url", server.url, "--caption-layers", "--concurrency", "1")
        run(source, tmp_path / "many", "--url", server.url, "--caption-layers", "--concurrency", "9")
    assert files(tmp_path / "one") == files(tmp_path / "many")


def test_a_broken_server_costs_no_sample(source: Path, tmp_path: Path) -> None:
    with chat_server(sends(b"no", 400)) as server:
        run(source, tmp_path / "out", "--url", server.url)
        found = rows(tmp_path / "out")
        assert [(row["text"], row["flags"], row["finish_reason"]) for row in found] == [("", ["failed"], "failed")] * 4
        assert {row["message"] for row in found} == {"status 400: no"}
        server.replies = [says(CAPTION)]
        manifest = run(source, tmp_path / "out", "--url", server.url)
        assert manifest["counts"]["captions"] == {"all": 4, "failed": 0, "flagged": 0}
    assert [row["text"] for row in rows(tmp_path / "out")] == [CAPTION] * 4


def test_a_server_that_dies_in_a_batch_ends_the_run_which_goes_on_later(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_PAUSE_S", 0.01)
    flags = ["--concurrency", "1"]
    with chat_server(says(CAPTION), sends(b"", 503)) as server:
        listed, asked = server.list_models, []

        def list_models(handler, _):
            asked.append(_)
            (listed if len(asked) == 1 else sends(b"", 503))(handler, {})

        server.list_models = list_models
        with pytest.raises(running.Failed, match=r"answers no more.*503.*the same command goes on from here"):
            run(source, tmp_path / "out", "--url", server.url, *flags)
        assert not (tmp_path / "out" / "manifest.json").exists()
        server.questions.clear()
        server.replies, server.list_models = [says(CAPTION)], listed
        run(source, tmp_path / "out", "--url", server.url, *flags)
        assert len(server.questions) == 3  # the first answer was kept
    assert [row["text"] for row in rows(tmp_path / "out")] == [CAPTION] * 4


def test_a_picture_that_a_server_never_answers_costs_itself_alone(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a run again asks about nothing else."""
    monkeypatch.setattr(server_module, "_PAUSE_S", 0.01)

    def reply(handler, question):
        is_bad = "Hello \U0001f600 0" in question["messages"][0]["content"][-1]["text"]
        (sends(b"boom", 500) if is_bad else says(CAPTION))(handler, question)

    with chat_server(reply) as server:
        for _ in range(2):
            manifest = run(source, tmp_path / "out", "--url", server.url)
            assert manifest["counts"]["captions"] == {"all": 4, "failed": 1, "flagged": 1}
    assert [row["message"] for row in rows(tmp_path / "out") if row["flags"]] == ["status 500: boom"]


def test_answers_that_cannot_be_kept_end_the_run(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with chat_server(says(CAPTION)) as server, pytest.raises(running.Failed, match="answers cannot be kept in"):
        run(source, tmp_path / "out", "--url", server.url, "--answers", str(tmp_path / "file"))


def test_a_dry_run_knows_what_is_done(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with chat_server(says(CAPTION)) as server:
        run(source, tmp_path / "out", "--url", server.url)
        given = ["--input", str(source), "--output", str(tmp_path / "out"), "--url", server.url, "--dry-run"]
        assert shards.main(given) == running.DONE
    assert "5 documents, 5 unchanged" in capsys.readouterr().out


def test_a_dry_run_forecasts_the_questions(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    given = ["--input", str(source), "--output", str(tmp_path / "out"), "--workers", "1"]
    asked = ["--caption-length", "both", "--caption-layers"]
    with chat_server(sends(b"no", 400)) as server:
        dry = [*given, "--url", server.url, "--dry-run"]
        assert shards.main([*dry, *asked]) == running.DONE
        many = "at most 8 captions of samples and 80 of stored layers (a new document counts with 20)"
        assert f"tiny is asked for {many}" in capsys.readouterr().out
        assert shards.main(dry) == running.DONE
        assert "at most 4 captions of samples, less what it has answered" in capsys.readouterr().out
        assert shards.main([*given, "--url", server.url, *asked]) == running.DONE  # and nothing was answered
        assert shards.main([*dry, *asked]) == running.DONE
        stored = sum(".layer_" in name for name in members(tmp_path / "out"))
        assert f"at most 8 captions of samples and {stored} of stored layers" in capsys.readouterr().out
        server.replies = [says(CAPTION)]
        assert shards.main([*given, "--url", server.url, *asked]) == running.DONE
        assert shards.main([*dry, *asked]) == running.DONE
        assert "at most 0 captions of samples and 0 of stored layers" in capsys.readouterr().out
    assert shards.main([*given[:2], "--output", str(tmp_path / "other"), "--dry-run"]) == running.DONE
    assert "captions" not in capsys.readouterr().out


def test_a_bad_answer_is_asked_for_again(source: Path, tmp_path: Path) -> None:
    def reply(handler, question):
        says("I'm sorry, I can't." if question["temperature"] == 0 else CAPTION)(handler, question)

    with chat_server(reply) as server:
        run(source, tmp_path / "out", "--url", server.url)
        assert sorted((one["temperature"], one["seed"]) for one in server.questions) == [(0.0, 0)] * 4 + [(0.7, 1)] * 4
    assert [(row["text"], row["flags"]) for row in rows(tmp_path / "out")] == [(CAPTION, [])] * 4


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--captioner", "server"], "captioner server needs its address"),
        (["--captioner", "qwen", "--url", "http://a"], "captioner qwen runs in this process"),
        (["--captioner", "layers", "--url", "http://a"], "nothing asks the model there"),
        (["--captioner", "layers", "--model", "m"], "nothing asks it"),
        (["--url", "nowhere"], "it must be like http://localhost:8000/v1"),
        (["--url", "http://127.0.0.1:9"], "the server at http://127.0.0.1:9/v1 cannot be used"),
        (["--captioner", "quen"], "did you mean qwen?"),
        (["--caption-layers"], "caption options are for a model"),
        (["--caption-language", "fr"], "must be one of en, zh, both"),
        (["--caption-tokens", "1"], "must lie in 16..4096"),
        (["--concurrency", "0", "--url", "http://a"], "concurrency is 0; it must be positive"),
        (["--answer-s", "0", "--url", "http://a"], "answer_s is 0.0; it must be positive"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture, flags: list[str], message: str
) -> None:
    given = ["--input", str(source), "--output", str(tmp_path / "out"), *flags]
    assert shards.main(given) == running.WRONG
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "DATA is missing"),
        (["{out}"], "new captions need a model"),
        (["{out}", "--url", "http://a", "--max-area", "9"], "captions are all that can be changed here"),
        (["{out}", "--url", "http://a", "--shard-size", "9"], "captions are all that can be changed here"),
        (["{out}", "--url", "http://a", "--dry-run", "--limit", "1"], "; --limit, --dry-run is for make shards alone"),
        (["{out}", "--url", "http://a", "--second-opinion"], "; --second-opinion is for"),
        (["{out}", "--url", "http://a", "--retry", "damaged_file"], "; --retry is for"),
        (["{out}", "--url", "http://a", "--max-reject", "0.5"], "; --max-reject is for"),
        (["{out}", "--url", "http://a", "--verify", "--shrink"], "; --verify, --shrink is for"),
        (["{out}", "--url", "http://a", "--workers", "999"], "; --workers is for"),
        (["{out}", "--url", "http://a", "--input", "b"], "; --input is for"),
        (["{out}", "--url", "http://a", "--config", "{out}/c.yaml"], "; --dry-run is for"),
        (["{out}", "--url", "http://a"], "it has no state/configuration.json"),
    ],
)
def test_wrong_options_for_new_captions(
    tmp_path: Path, capsys: pytest.CaptureFixture, flags: list[str], message: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "c.yaml").write_text("dry_run: true\nconcurrency: 3\n")
    assert captions.main([flag.format(out=tmp_path / "out") for flag in flags]) == running.WRONG
    assert message in capsys.readouterr().err


def test_where_only_captions_differ_make_captions_is_named(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    flags = ["--input", str(source), "--output", str(out), "--workers", "1"]
    assert shards.main([*flags, "--captioner", "none"]) == running.DONE
    with chat_server(says(CAPTION)) as server:
        assert shards.main([*flags, "--url", server.url]) == running.WRONG
        assert f"or make captions DATA={out} with these" in capsys.readouterr().err
        assert shards.main([*flags, "--url", server.url, "--max-area", "99"]) == running.WRONG
        assert shards.main([*flags, "--captioner", "layers"]) == running.WRONG
    assert "make captions" not in capsys.readouterr().err


def test_auto_says_what_it_is(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert shards.main(["--input", str(source), "--output", str(tmp_path / "out"), "--workers", "1"]) == running.DONE
    assert "from texts and layer names; with MODEL= or URL= Qwen2.5-VL writes them" in capsys.readouterr().out


def test_beam_weighs_and_counts_references_and_not_pixels() -> None:
    images = Slice("i", 0, 12345, "")
    one = Reference("a", "f", "0" * 64, None, None, 1, 9, Slice("r", 0, 1, ""), images, area_px=784 * 700)
    handler = InProcess(parse(["--input", "a", "--output", "b", "--model", "m"]))
    assert visual_tokens(one) == 700
    assert handler.get_num_bytes([one, one]) == 2 * 12345
    assert handler.batch_elements_kwargs()["element_size_fn"](one) == 700
    assert handler.share_model_across_processes()


def test_a_server_gets_many_more_samples_at_once_than_it_is_asked_about() -> None:
    flags = ["--input", "a", "--output", "b", "--url", "http://a", "--concurrency", "20"]
    handler = Served(parse(flags))
    assert handler.batch_elements_kwargs() == {"min_batch_size": 1280, "max_batch_size": 1280}
    assert not handler.share_model_across_processes()


def test_a_model_in_this_process_captions_too(source: Path, tmp_path: Path, tiny_qwen: Path) -> None:
    flags = ["--model", str(tiny_qwen), "--caption-tokens", "16"]
    manifest = run(source, tmp_path / "out", *flags)
    found = rows(tmp_path / "out")
    assert len(found) == 4
    assert {(row["captioner"], row["model"], row["finish_reason"]) for row in found} == {
        ("qwen", tiny_qwen.name, "length")
    }
    assert all(row["flags"] for row in found)  # random weights say nothing that is worth keeping
    assert manifest["configuration"]["caption_revision"] == found[0]["revision"]
    assert str(tiny_qwen) not in (tmp_path / "out" / "manifest.json").read_text()
    before = files(tmp_path / "out")
    run(source, tmp_path / "out", *flags)
    assert files(tmp_path / "out") == before


def test_a_model_that_is_missing_is_one_sentence(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    given = ["--input", str(source), "--output", str(tmp_path / "out"), "--model", str(tmp_path / "none")]
    assert shards.main(given) == running.WRONG
    assert "which is no folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
