"""Fonts found by their keys in the bytes of a type layer, damaged ones too."""

from types import SimpleNamespace
from typing import cast

from psd_tools.api.layers import Layer
from psd_tools.constants import Tag

from data_pipeline.text_engine import fonts_of


def fonts(listed: bytes, runs: bytes = b"/Font 0") -> tuple[str, ...]:
    block = SimpleNamespace(data=b"/StyleRun " + runs + b" /ResourceDict /FontSet " + listed)
    return fonts_of(cast(Layer, SimpleNamespace(tagged_blocks={Tag.TYPE_TOOL_OBJECT_SETTING: block})))


def name(text: str) -> bytes:
    utf16 = text.encode("utf-16-be")
    for special in (b"\\", b"(", b")"):
        utf16 = utf16.replace(special, b"\\" + special)
    return b"/Name (\xfe\xff" + utf16 + b") "


def test_the_fonts_that_runs_use() -> None:
    listed = name("Myriad") + name(r"A (b\c)") + name("\u2829\u5c28") + name("Arial")
    assert fonts(listed, b"/Font 1 /Font 0 /Font 2 /Font 1 /Font 9") == (r"A (b\c)", "Myriad", "\u2829\u5c28")


def test_a_long_name_is_cut_and_those_behind_it_keep_their_numbers() -> None:
    assert fonts(name("(" * 500) + name("Arial"), b"/Font 0 /Font 1") == ("(" * 100, "Arial")


def test_a_name_that_never_ends_is_cut() -> None:
    unclosed = b"/Name (\xfe\xff"
    (found,) = fonts(name("Arial")[:-2] + unclosed * 100_000)
    assert found.startswith("Arial")
    assert len(found) <= 100
