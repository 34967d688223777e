"""A report in, the files of its folder out: `report.md`, `report.html`, `report.json`, and its pictures by number.

Each appears whole. Pictures lie in `worst/`, which Markdown links, and in the HTML page itself.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from data_pipeline.shard_io import whole_file
from evaluation.page import html, markdown
from evaluation.page.blocks import Block, Picture, picture_name

_PICTURE = re.compile(r"\d{2,}\.png")


def write_report(folder: Path, title: str, blocks: Sequence[Block], stated: Mapping[str, Any]) -> None:
    """Into a folder that is there. `stated` is what `report.json` holds; pictures of an earlier report go."""
    _write_pictures(folder / picture_name(0).parent, [block for block in blocks if isinstance(block, Picture)])
    _write(folder / "report.md", markdown.page(title, blocks))
    _write(folder / "report.html", html.page(title, blocks))
    _write(folder / "report.json", json.dumps(stated, indent=2, sort_keys=True, allow_nan=False) + "\n")


def _write_pictures(folder: Path, pictures: Sequence[Picture]) -> None:
    """By number: a sample's name never becomes a path."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if _PICTURE.fullmatch(old.name):
            old.unlink()
    for number, picture in enumerate(pictures):
        with whole_file(folder / picture_name(number).name) as file:
            Image.fromarray(picture.pixels).save(file, "PNG")


def _write(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
