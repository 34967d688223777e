"""Text that others wrote parts of in, text that a terminal shows and does not obey out."""

import sys


def told(message: object, status: int, who: str = "lamina") -> int:
    """One sentence for people; the exit status that goes with it."""
    print(f"{who}: {shown(' '.join(str(message).split()))}", file=sys.stderr, flush=True)
    return status


def shown(text: str) -> str:
    """Control characters are spelled out, but for the ends of lines; halves of surrogates, too."""
    return "".join(c if c.isprintable() or c == "\n" else _spelled(c) for c in text)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode()
