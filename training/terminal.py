"""Text that others wrote parts of in, text that a terminal shows and does not obey out."""

import sys

from schemas.spelling import printable

WRONG = 2  # the exit status of a command whose options or data are wrong


def told(message: object, status: int, who: str = "lamina") -> int:
    """One sentence for people; the exit status that goes with it."""
    print(f"{who}: {printable(' '.join(str(message).split()))}", file=sys.stderr, flush=True)
    return status


def spelt(text: str) -> str:
    """Control characters are spelled out, but for the ends of lines."""
    return "\n".join(map(printable, text.split("\n")))
