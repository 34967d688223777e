"""A report's blocks in, one HTML page out that needs nothing beside it; text is escaped, nothing is fetched or run."""

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from PIL import Image

from evaluation.page.blocks import Block, Heading, Paragraph, Picture, Table, printable

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; max-width: 80em; }
table { border-collapse: collapse; margin: 1em 0; } th, td { border: 1px solid #ccc; padding: .3em .6em; }
td, th { text-align: right; } td:first-child, th:first-child { text-align: left; }
figure { display: inline-block; margin: 0 1em 1em 0; vertical-align: top; }
img { border: 1px solid #ccc; max-width: 100%; }"""


def page(title: str, blocks: Iterable[Block]) -> str:
    """The whole document."""
    name = escaped(title)
    return "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{name}</title><style>{_STYLE}</style><h1>{name}</h1>",
            *(_block(block) for block in blocks),
            "</html>\n",
        ]
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column is set left, the others right."""
    head = "".join(f"<th>{escaped(cell)}</th>" for cell in header)
    lines = ("".join(f"<td>{escaped(cell)}</td>" for cell in row) for row in rows)
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def picture(pixels: np.ndarray, caption: str) -> str:
    """A figure that holds the picture, uint8 RGB or RGBA [height, width, channels], as PNG."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    data = base64.b64encode(out.getvalue()).decode()
    text = escaped(caption)
    return f'<figure><img src="data:image/png;base64,{data}" alt="{text}"><figcaption>{text}</figcaption></figure>'


def escaped(text: str) -> str:
    return escape(printable(text))


def _block(block: Block) -> str:
    match block:
        case Heading(text):
            return f"<h2>{escaped(text)}</h2>"
        case Paragraph(text):
            return f"<p>{escaped(text)}</p>"
        case Table(header, rows):
            return table(header, rows)
        case Picture(caption, pixels):
            return picture(pixels, caption)
