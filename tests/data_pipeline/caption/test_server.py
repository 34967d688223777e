"""Questions to a local server that answers, stalls, fails, and returns garbage, empty or endless text."""

import base64
import io
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from data_pipeline.caption import server as module
from data_pipeline.caption.endpoint import KEY, Endpoint
from data_pipeline.caption.picture import Picture, picture_of
from data_pipeline.caption.server import Server
from data_pipeline.caption.vision import FAILED, GONE, NO_ANSWER, Answer, ModelGone, Question, Sampling
from tests.chat_server import Reply, chat_server, says, sends, stalls, trickles, trickles_header

PICTURE = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
SHOWN = picture_of(PICTURE)
QUESTION = Question((SHOWN,), "What is it?", Sampling(max_tokens=9, temperature=0.5, seed=3))


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.01)


def ask(*replies: Reply, **settings: float) -> tuple[Answer, int]:
    """The answer to one question, and how often it was asked."""
    with chat_server(*replies) as server:
        (answer,) = Server(Endpoint(server.url, "tiny", **settings)).answers([QUESTION])
        return answer, len(server.questions)


def test_a_question_reaches_the_server_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "secret")
    with chat_server(says("A cat.")) as server:
        assert Server(Endpoint(server.url, "tiny")).answers([QUESTION]) == [Answer("A cat.", "stop", 2)]
        (asked,), (headers,) = server.questions, server.headers
    assert headers["Authorization"] == "Bearer secret"
    assert {name: asked[name] for name in ("model", "max_tokens", "temperature", "seed")} == {
        "model": "tiny", "max_tokens": 9, "temperature": 0.5, "seed": 3,
    }  # fmt: skip
    (message,) = asked["messages"]
    image, words = message["content"]
    assert words == {"type": "text", "text": "What is it?"}
    png = base64.b64decode(image["image_url"]["url"].removeprefix("data:image/png;base64,"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), PICTURE)


def sent(question: dict) -> list[str]:
    """The kinds of its pictures."""
    parts = question["messages"][0]["content"][:-1]
    return [part["image_url"]["url"].partition(";")[0].removeprefix("data:image/") for part in parts]


def stored_picture() -> Picture:
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).save(buffer, "WEBP", lossless=True)
    return Picture(lambda: PICTURE, "name", buffer.getvalue)


def no_webp(status: int) -> Reply:
    def reply(handler, question):
        (sends(b"what is that?", status) if "webp" in sent(question) else says("A cat."))(handler, question)

    return reply


def test_a_picture_goes_as_it_is_stored_where_it_can() -> None:
    question = Question((stored_picture(), SHOWN), "What?")
    with chat_server(says("A cat.")) as server:
        Server(Endpoint(server.url, "tiny")).answers([question])
        (asked,) = server.questions
    assert sent(asked) == ["webp", "png"]
    data = base64.b64decode(asked["messages"][0]["content"][0]["image_url"]["url"].partition(",")[2])
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), PICTURE)


@pytest.mark.parametrize("status", [400, 415, 500])
def test_a_server_that_takes_no_webp_gets_png(status: int) -> None:
    questions = [Question((stored_picture(),), str(k)) for k in range(3)]
    with chat_server(no_webp(status)) as server:
        answers = Server(Endpoint(server.url, "tiny", concurrency=1)).answers(questions)
        assert [sent(asked) for asked in server.questions] == [["webp"], ["png"], ["png"], ["png"]]
    assert [answer.text for answer in answers] == ["A cat."] * 3


def test_a_server_that_refuses_a_question_altogether_still_gets_the_next_as_stored() -> None:
    def reply(handler, question):
        is_bad = question["messages"][0]["content"][-1]["text"] == "0"
        (sends(b"no", 400) if is_bad else says("A cat."))(handler, question)

    questions = [Question((stored_picture(),), str(k)) for k in range(2)]
    with chat_server(reply) as server:
        answers = Server(Endpoint(server.url, "tiny", concurrency=1)).answers(questions)
        assert [sent(asked) for asked in server.questions] == [["webp"], ["png"], ["webp"]]
    assert [answer.finish_reason for answer in answers] == [FAILED, "stop"]


def test_a_picture_sent_twice_counts_twice_a_minute() -> None:
    with chat_server(no_webp(400)) as server:
        Server(Endpoint(server.url, "tiny", per_minute=300)).answers([Question((stored_picture(),), "What?")])
        first, second = server.times_s
    assert second - first >= 0.15


def test_without_a_key_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    with chat_server(says("yes")) as server:
        Server(Endpoint(server.url, "tiny")).answers([QUESTION])
        assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("key", ["sk-1\n", " sk-1 \r\n"])
def test_a_key_from_a_file_may_end_in_a_line_break(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(KEY, key)
    with chat_server(says("yes")) as server:
        Server(Endpoint(server.url, "tiny")).answers([QUESTION])
        assert server.headers[0]["Authorization"] == "Bearer sk-1"


@pytest.mark.parametrize("key", ["sk\nsecret", "s\u00e9cret", "se\x07cret"])
def test_a_key_that_is_none_is_not_printed(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(KEY, key)
    with chat_server(says("yes")) as server, pytest.raises(ValueError, match="no key has") as error:
        Server(Endpoint(server.url, "tiny")).served_model()
    assert "cret" not in str(error.value)


@pytest.mark.parametrize("tokens", ["1e400", "-5", "true", "10000000000000000000000000", '"7"', "null"])
def test_a_count_that_is_none_is_left_out(tokens: str) -> None:
    choice = '{"message": {"content": "yes"}, "finish_reason": "stop"}'
    body = f'{{"choices": [{choice}], "usage": {{"completion_tokens": {tokens}}}}}'
    assert ask(sends(body.encode())) == (Answer("yes", "stop", None), 1)


def test_answers_are_kept_as_they_come() -> None:
    kept: list[tuple[int, str]] = []

    def echo(handler, question):
        text = question["messages"][0]["content"][-1]["text"]
        time.sleep(0.2 * (text == "0"))
        says(text)(handler, question)

    with chat_server(echo) as server:
        questions = [Question((SHOWN,), str(k)) for k in range(3)]
        Server(Endpoint(server.url, "tiny", concurrency=3)).answers(
            questions, lambda place, answer: kept.append((place, answer.text))
        )
    assert sorted(kept) == [(0, "0"), (1, "1"), (2, "2")]
    assert kept[-1] == (0, "0")


def test_answers_come_in_the_order_of_the_questions() -> None:
    def echo(handler, question):
        text = question["messages"][0]["content"][-1]["text"]
        time.sleep(0.05 * (text == "0"))
        says(text)(handler, question)

    with chat_server(echo) as server:
        questions = [Question((SHOWN,), str(k)) for k in range(12)]
        answers = Server(Endpoint(server.url, "tiny", concurrency=4)).answers(questions)
    assert [answer.text for answer in answers] == [str(k) for k in range(12)]


def test_threads_share_the_questions_that_are_asked_at_a_time() -> None:
    lock, at_once, most = threading.Lock(), [0], [0]

    def count(handler, question):
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(0.05)
        with lock:
            at_once[0] -= 1
        says("yes")(handler, question)

    with chat_server(count) as server, ThreadPoolExecutor(4) as threads:
        model = Server(Endpoint(server.url, "tiny", concurrency=3))
        assert all(len(one) == 5 for one in threads.map(model.answers, [[QUESTION] * 5] * 4))
    assert most == [3]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(status: int) -> None:
    assert ask(sends(b"busy", status), sends(b"busy", status), says("yes")) == (Answer("yes", "stop", 1), 3)


def test_the_server_says_how_long_to_wait() -> None:
    with chat_server(sends(b"", 429, Retry_After="1"), says("yes")) as server:
        Server(Endpoint(server.url, "tiny")).answers([QUESTION])
        first_s, second_s = server.times_s
    assert second_s - first_s >= 1


def test_a_server_is_not_waited_for_longer_than_for_an_answer() -> None:
    answer, times = ask(sends(b"busy", 429, Retry_After="86400"), tries=2, answer_s=0.3)
    assert (answer.message, times) == ("status 429: busy (it asks for a pause of 86400 s)", 2)


def test_what_a_server_says_is_stored_without_control_characters() -> None:
    answer, _ = ask(sends(b"no\x1b[31m\r\nway\x00", 400))
    assert answer.message == "status 400: no [31m way"
    assert ask(says("yes", "st\x1bop")) == (Answer("yes", "st op", 1), 1)


@pytest.mark.parametrize("status", [301, 307, 401, 402, 403, 404, 405])
def test_a_server_that_takes_no_questions_is_gone_at_once(status: int) -> None:
    with chat_server(sends(b"not you", status)) as server:
        model = Server(Endpoint(server.url, "tiny"))
        with pytest.raises(ModelGone, match=rf"takes no questions \(status {status}: not you\)"):
            model.answers([QUESTION])
        assert len(server.questions) == 1
        server.list_models = sends(b"not you", status)
        with pytest.raises(ValueError, match=f"cannot be used.*status {status}"):
            model.served_model()


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_does_not_pass_is_not_tried_again(status: int) -> None:
    answer, times = ask(sends(b"picture too large", status))
    assert (answer.finish_reason, times) == (FAILED, 1)
    assert answer.message == f"status {status}: picture too large"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no JSON"),
        (b"<html>", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "without a message"),
        (b"null", "without a message"),
        (b'{"choices": [{"message": {"content": "a"}, "finish_reason": 7}]}', "without a text"),
    ],
)
def test_garbage_is_tried_again_and_told(body: bytes, message: str) -> None:
    answer, times = ask(sends(body), tries=2)
    assert (answer.finish_reason, times) == (FAILED, 2)
    assert message in str(answer.message)


@pytest.mark.parametrize(
    ("body", "message"),
    [(b'{"choices": []}', "without a choice"), (b" " * (2 << 20), "more than 1048576 bytes")],
)
def test_an_answer_that_says_nothing_is_not_tried_again(body: bytes, message: str) -> None:
    answer, times = ask(sends(body))
    assert (answer.finish_reason, times) == (FAILED, 1)
    assert message in str(answer.message)


def test_a_refusal_without_a_text_is_an_empty_answer() -> None:
    body = b'{"choices": [{"message": {"content": null, "refusal": "no"}, "finish_reason": "content_filter"}]}'
    assert ask(sends(body)) == (Answer("", "content_filter"), 1)


@pytest.mark.parametrize("reason", NO_ANSWER)
def test_a_servers_own_word_is_not_taken_for_ours(reason: str) -> None:
    assert ask(says("yes", reason)) == (Answer("yes", f"server: {reason}", 1), 1)


@pytest.mark.parametrize(("models", "reason"), [(says("", ""), FAILED), (sends(b"", 503), GONE), (stalls(5), GONE)])
def test_a_question_is_gone_only_where_the_server_is(models: Reply, reason: str) -> None:
    with chat_server(sends(b"", 500)) as server:
        server.list_models = models
        (answer,) = Server(Endpoint(server.url, "tiny", tries=2, answer_s=0.3)).answers([QUESTION])
    assert (answer.finish_reason, answer.message) == (reason, "status 500: ")


def test_an_empty_answer_is_an_answer() -> None:
    assert ask(says("", "stop")) == (Answer("", "stop", 0), 1)


@pytest.mark.parametrize(
    "reply",
    [
        stalls(5),
        trickles(b" ", 0.05),
        trickles(b" ", 5),
        trickles(b" ", 0.05, Content_Length="1000"),
        trickles(b"0", 0.05, Transfer_Encoding="chunked"),
        trickles_header(0.05),
    ],
    ids=["stalls", "body", "body that stalls", "body of a length", "size of a chunk", "header"],
)
def test_a_server_that_does_not_come_to_an_end_is_left(reply: Reply) -> None:
    """Two tries of 0.3 s."""
    started_s = time.monotonic()
    answer, times = ask(reply, tries=2, answer_s=0.3)
    assert (answer.finish_reason, times) == (FAILED, 2)
    assert answer.message == "no whole answer in 0.3 s"
    assert time.monotonic() - started_s < 2


def test_a_server_that_trickles_its_list_of_models_is_left() -> None:
    with chat_server() as server:
        server.list_models = trickles_header(0.05)
        with pytest.raises(ValueError, match=r"cannot be used: no whole answer in 0\.3 s"):
            Server(Endpoint(server.url, answer_s=0.3)).served_model()


def test_an_answer_that_trickles_in_time_is_an_answer() -> None:
    def slowly(handler, question):
        body = b'{"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}'
        handler.send_response(200)
        handler.end_headers()
        for part in (body[:9], body[9:]):
            handler.wfile.write(part)
            handler.wfile.flush()
            time.sleep(0.1)

    assert ask(slowly, answer_s=2) == (Answer("yes", "stop"), 1)


def test_a_dead_server_costs_little_after_a_while() -> None:
    with chat_server(sends(b"", 500)) as server:
        model = Server(Endpoint(server.url, "tiny", tries=3))
        for _ in range(5):
            assert model.answers([QUESTION])[0].finish_reason == FAILED
        assert len(server.questions) == 3 + 3 + 3 + 1 + 1
        server.replies = [says("yes")]
        assert model.answers([QUESTION])[0].text == "yes"
        server.replies = [sends(b"", 500)]
        model.answers([QUESTION])
        assert len(server.questions) == 11 + 1 + 3


@pytest.mark.parametrize("settings", [{}, {"per_minute": 1}], ids=["pauses", "pace"])
def test_what_waits_is_given_up_at_once(monkeypatch: pytest.MonkeyPatch, settings: dict) -> None:
    """And what is asked later is asked again."""
    monkeypatch.setattr(module, "_PAUSE_S", 30)
    with chat_server(sends(b"", 503)) as server, ThreadPoolExecutor(1) as threads:
        model = Server(Endpoint(server.url, "tiny", concurrency=2, **settings))
        asked = threads.submit(model.answers, [QUESTION] * 3)
        while not server.questions:
            time.sleep(0.01)
        started_s = time.monotonic()
        with model.stopped(), pytest.raises(ModelGone, match="given up"):
            asked.result()
        assert time.monotonic() - started_s < 5
        server.questions.clear()
        server.replies = [says("yes")]
        if not settings:
            assert model.answers([QUESTION])[0].text == "yes"


def test_questions_are_paced() -> None:
    with chat_server(says("yes")) as server:
        Server(Endpoint(server.url, "tiny", per_minute=600)).answers([QUESTION] * 5)
        assert server.times_s[-1] - server.times_s[0] >= 0.38


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "ftp://a/v1",
        "http://",
        "http://u:p@a/v1",
        "http://a:99999/v1",
        "http://a/v1?k=1",
        "http://a/v1#b",
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="it must be like http://localhost:8000/v1"):
        Endpoint(url)


def test_settings_are_positive() -> None:
    for name in ("concurrency", "tries", "answer_s", "per_minute"):
        with pytest.raises(ValueError, match=f"{name} is 0; it must be positive"):
            Endpoint("http://a", **{name: 0})
    for value in (float("inf"), 1e6):
        with pytest.raises(ValueError, match="a day, at most"):
            Endpoint("http://a", answer_s=value)
    with pytest.raises(ValueError, match="answer_s is nan"):
        Endpoint("http://a", answer_s=float("nan"))


def test_v1_may_be_left_out() -> None:
    assert Endpoint("http://a:1/").base == "http://a:1/v1"
    assert Endpoint("http://a:1/openai/v1/").base == "http://a:1/openai/v1"


def test_the_model_is_found() -> None:
    with chat_server(models=("only",)) as server:
        assert Server(Endpoint(server.url)).served_model() == "only"
        assert Server(Endpoint(server.url, "only")).served_model() == "only"
        with pytest.raises(ValueError, match="has no model 'other'; it serves only"):
            Server(Endpoint(server.url, "other")).served_model()
    with chat_server(models=("a", "b")) as server:
        assert Server(Endpoint(server.url, "b")).served_model() == "b"
        with pytest.raises(ValueError, match="needs a model to be named; it serves a, b"):
            Server(Endpoint(server.url)).served_model()


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ValueError, match=f"the server at http://127.0.0.1:{port}/v1 cannot be used: ConnectionError"):
        Server(Endpoint(f"http://127.0.0.1:{port}")).served_model()


def test_something_else_that_listens() -> None:
    with chat_server() as server:
        server.list_models = sends(b"[1]")
        with pytest.raises(ValueError, match="OpenAI-compatible"):
            Server(Endpoint(server.url)).served_model()
