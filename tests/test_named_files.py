"""A file that a text names is there: readers follow such names, and a file that moves leaves them behind."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
NAMED = re.compile(rf"(?<![\w/.])(?:{'|'.join(FOLDERS)})/[\w/]+\.(?:py|md|json|png)\b")
TEXTS = [*ROOT.glob("*.md"), ROOT / "Makefile", *(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))]


@pytest.mark.parametrize("text", sorted(TEXTS), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(text: Path) -> None:
    names = set(NAMED.findall(text.read_text(encoding="utf-8")))
    assert [name for name in sorted(names) if not (ROOT / name).is_file()] == []
