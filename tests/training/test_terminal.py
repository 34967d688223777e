"""What others wrote is shown by a terminal, and moves no cursor."""

from training.terminal import shown


def test_what_a_terminal_would_obey_is_spelled_out():
    assert shown("a\x1b[2Jb\r\x07 \ud800\u202e é 🦊\nc") == r"a\x1b[2Jb\r\x07 \ud800\u202e é 🦊" + "\nc"
