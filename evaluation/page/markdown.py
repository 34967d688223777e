"""A report's blocks in, Markdown out. Text is escaped: what stands in a file's name is no markup."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from evaluation.page.blocks import Block, Heading, Paragraph, Picture, Table, picture_name, printable


def page(title: str, blocks: Iterable[Block]) -> str:
    """The whole document; its pictures are links to files beside it (`report_files.py`)."""
    return "\n\n".join([f"# {escaped(title)}", *_parts(blocks)]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column is set left, the others right."""
    lines = [_line(header), "| --- |" + " ---: |" * (len(header) - 1)]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def escaped(text: str) -> str:
    return re.sub(r"([\\`*\[\]<|])", r"\\\1", printable(text))


def _parts(blocks: Iterable[Block]) -> Iterator[str]:
    numbers = count()
    for block in blocks:
        match block:
            case Heading(text):
                yield f"## {escaped(text)}"
            case Paragraph(text):
                yield escaped(text)
            case Table(header, rows):
                yield table(header, rows)
            case Picture(caption):
                yield f"![{escaped(caption)}]({picture_name(next(numbers))})"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"
