"""How names are spelled for people: what to say of one that is not known, and of foreign ones."""

import difflib
from collections.abc import Sequence


def nearest(name: str, known: Sequence[str]) -> str:
    """`; did you mean ...?`, or the whole list where nothing is near."""
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"


def printable(text: str) -> str:
    """For a terminal, which must not obey it: control characters and halves of surrogates are spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
