"""What a person is told while documents are curated, captioned and packed."""

import sys

import pytest

from beam_jobs import progress


def test_off_a_terminal_it_says_what_was_done_and_how_fast(capsys: pytest.CaptureFixture) -> None:
    bar = progress.start(2)
    progress.advance(True)
    progress.advance(False)
    progress.to_caption(4)
    progress.sample_captioned()
    bar.close()
    curated, captioned = capsys.readouterr().err.splitlines()
    assert curated.startswith("curated 2 of 2 documents in 0 s (")
    assert curated.endswith(", ETA 0 s), accepted 1, rejected 1")
    assert captioned.startswith("captioned 1 of 4 samples in 0 s (")
    assert captioned.endswith("/s, ETA 0 s)")


def test_the_time_that_is_left_counts_from_the_first_question(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Curation took 1000 s; a sample of four is captioned after 40 s."""
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    progress.start(0)
    now = 1000.0
    progress.to_caption(4)
    now = 1040.0
    progress.sample_captioned()
    assert capsys.readouterr().err == "captioned 1 of 4 samples in 40 s (0.0/s, ETA 120 s)\n"


def test_where_nothing_is_captioned_nothing_is_said_of_it(capsys: pytest.CaptureFixture) -> None:
    bar = progress.start(0)
    progress.to_caption(0)
    bar.close()
    assert capsys.readouterr().err == ""


def test_on_a_terminal_it_is_a_bar_with_an_end(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = progress.start(0)
    progress.to_caption(4)
    progress.sample_captioned()
    bar.close()
    said = capsys.readouterr().err
    assert "caption:  25%" in said
    assert "1/4" in said
