"""What others wrote is shown by a terminal, and moves no cursor."""

from training.terminal import spelt, told


def test_what_a_terminal_would_obey_is_spelled_out():
    assert spelt("a\x1b[2Jb\r\x07 \ud800\u202e é 🦊\nc") == r"a\x1b[2Jb\r\x07 \ud800\u202e é 🦊" + "\nc"


def test_a_sentence_is_one_line_and_names_who_says_it(capsys):
    assert told(ValueError("no\n  such \x1b[2Jfile"), 2, "lamina, rank 1") == 2
    assert capsys.readouterr().err == "lamina, rank 1: no such \\x1b[2Jfile\n"
