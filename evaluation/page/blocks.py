"""What a report is made of, before it is Markdown (`evaluation.page.markdown`) or HTML (`evaluation.page.html`)."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Table:
    """Cells are plain text; the first column is set left, figures right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"a row has not the {len(self.header)} cells of its header")


@dataclass(frozen=True, eq=False)
class Picture:
    """`pixels` is uint8 RGB or RGBA [height, width, channels]."""

    caption: str
    pixels: np.ndarray = field(repr=False)


Block = Heading | Paragraph | Table | Picture


def picture_name(number: int) -> PurePosixPath:
    """The file of a report's picture, the first of which is 0."""
    return PurePosixPath("worst", f"{number:02d}.png")


def printable(text: str) -> str:
    """File names are foreign: control characters and halves of surrogates become question marks."""
    return "".join(character if character.isprintable() else "?" for character in text)
