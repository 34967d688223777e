"""What a type layer says, and in which fonts: found by their keys in the bytes of its block.

Parsing the descriptor around them, the text engine's data included, costs a hundred times more.
"""

import re

from psd_tools.api.layers import Layer
from psd_tools.constants import Tag

_TEXT_KEY = b"\0\0\0\0Txt TEXT"  # a descriptor's key of four letters, and its type
# In the engine's data: the fonts of the layer by number, and the numbers that its runs of text use. A string is
# UTF-16 in brackets, its brackets and backslashes escaped. A name is cut at 100 characters, so that one that never ends
# is not read to the end of the data for each that begins in it.
_FONT_NAME = re.compile(rb"/Name \(\xfe\xff((?:\\.|[^\\)]){0,200}+)", re.DOTALL)
_FONT_USED = re.compile(rb"/Font (\d{1,4})\b")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def text_of(layer: Layer) -> str | None:
    """The text of a type layer, lines separated by newlines; None where it has none."""
    data = _block(layer)
    start = data.find(_TEXT_KEY)
    if start < 0:
        return None
    start += len(_TEXT_KEY)
    length = int.from_bytes(data[start : start + 4], "big")
    text = data[start + 4 : start + 4 + 2 * length].decode("utf-16-be", "replace")
    return text.replace("\r", "\n").replace("\x03", "\n").replace("\0", "").strip() or None


def fonts_of(layer: Layer) -> tuple[str, ...]:
    """The PostScript names of the fonts that a type layer's text is set in, sorted; empty where it names none."""
    data = _block(layer)
    runs = data[data.find(b"/StyleRun") : data.find(b"/ResourceDict")]
    listed = _FONT_NAME.findall(data, max(0, data.find(b"/FontSet", data.find(b"/ResourceDict"))))
    used = {int(number) for number in _FONT_USED.findall(runs)}
    return tuple(sorted({_name(listed[number]) for number in used if number < len(listed)}))


def _name(escaped: bytes) -> str:
    return _ESCAPED.sub(rb"\1", escaped).decode("utf-16-be", "replace").replace("\0", "")


def _block(layer: Layer) -> bytes:
    block = layer.tagged_blocks.get(Tag.TYPE_TOOL_OBJECT_SETTING)
    return block.data if block is not None and isinstance(block.data, bytes) else b""
