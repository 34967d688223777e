"""A report's blocks in, lines for a terminal out: tables in columns, no pictures."""

from collections.abc import Iterable, Iterator

from evaluation.page.blocks import Block, Heading, Paragraph, Table, printable


def page(blocks: Iterable[Block]) -> str:
    return "\n\n".join("\n".join(_lines(block)) for block in blocks)


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text) | Paragraph(text):
            yield printable(text)
        case Table(header, rows):
            cells = [[printable(cell) for cell in row] for row in (header, *rows)]
            widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
            for first, *others in cells:
                figures = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
                yield "   ".join([first.ljust(widths[0]), *figures]).rstrip()
