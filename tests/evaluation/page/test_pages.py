import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from evaluation.page import html, markdown, plain
from evaluation.page.blocks import Heading, Paragraph, Picture, Table

HOSTILE = '<script>alert("1")</script>|[x](javascript:y)`\n\x1b[31m\udcff'
PIXELS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
BLOCKS = [Heading(HOSTILE), Paragraph(HOSTILE), Table(("name", "value"), ((HOSTILE, "1"),)), Picture(HOSTILE, PIXELS)]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert all(value is None or not value.startswith(("http", "//")) for _, value in attrs)


def test_names_are_no_markup_in_html() -> None:
    tags = _Tags()
    tags.feed(html.page(HOSTILE, BLOCKS))
    assert "script" not in tags.seen
    assert tags.seen.count("tr") == 2


def test_names_are_no_markup_in_markdown() -> None:
    text = markdown.page(HOSTILE, BLOCKS)
    assert not re.search(r"(?<!\\)[<`\[]", text.replace("\n![", "\n"))  # but for the picture's own
    (row,) = [line for line in text.splitlines() if line.endswith("| 1 |")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 3


@pytest.mark.parametrize("page", [html.page, markdown.page])
def test_a_page_is_plain_utf8(page) -> None:  # type: ignore[no-untyped-def]
    assert "\x1b" not in page(HOSTILE, BLOCKS).encode("utf-8").decode("utf-8")


def test_a_picture_lies_in_the_page() -> None:
    data = re.search(r'src="data:image/png;base64,([^"]+)"', html.page("t", BLOCKS))
    assert data is not None
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1])))), PIXELS)


def test_markdown_links_its_pictures_by_number() -> None:
    text = markdown.page("t", [Picture("a", PIXELS), Heading("b"), Picture("c", PIXELS)])
    assert text == "# t\n\n![a](worst/00.png)\n\n## b\n\n![c](worst/01.png)\n"


def test_plain_lines_stand_in_columns() -> None:
    table = Table(("", "value"), (("first", "1"), ("2\x1b", "10.25")))
    assert plain.page([Paragraph("Said."), table]).splitlines() == [
        "Said.", "", "        value", "first       1", "2?      10.25",
    ]  # fmt: skip


def test_markdown_sets_figures_right() -> None:
    assert markdown.table(("a", "b"), [("x", "1"), ("y", "2")]).splitlines() == [
        "| a | b |", "| --- | ---: |", "| x | 1 |", "| y | 2 |",
    ]  # fmt: skip


def test_a_row_has_the_cells_of_its_header() -> None:
    with pytest.raises(ValueError, match="2 cells"):
        Table(("a", "b"), (("1",),))
