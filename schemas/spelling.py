"""What to say of a name that is not known."""

import difflib
from collections.abc import Sequence


def nearest(name: str, known: Sequence[str]) -> str:
    """`; did you mean ...?`, or the whole list where nothing is near."""
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
