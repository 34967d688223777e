"""Any stack in, the same stack as every format can hold it out; or one sentence that says why none can."""

import unicodedata
from dataclasses import replace

import numpy as np

from data_pipeline.compose import compose
from data_pipeline.stack_io.layer_tree import Branch, nested
from data_pipeline.stack_io.pictures import LIMITS, check_canvas
from schemas.stack import PlainLayer, Stack

NAME_CHARS = 255  # of a layer's name, as in Photoshop
MAX_DEPTH = 64  # of groups; Photoshop stops at 10


def writable(stack: Stack) -> Stack:
    """Contiguous pixels, RGB 0 where alpha is 0; names of printable characters; an empty box is its corner.

    Raises ValueError for a canvas or a tree beyond what reading accepts.
    """
    check_canvas(stack.width, stack.height)
    if sum(layer.rgba.size // 4 for layer in stack.layers) > LIMITS.max_layer_px:
        raise ValueError(f"its layers hold more than {LIMITS.max_layer_px:,} px together")
    if max((len(layer.groups) for layer in stack.layers), default=0) > MAX_DEPTH:
        raise ValueError(f"groups nested deeper than {MAX_DEPTH}")
    plain = replace(stack, layers=tuple(_writable(layer) for layer in stack.layers))
    if _nodes(nested(plain.layers)) > LIMITS.max_nodes:
        raise ValueError(f"more than {LIMITS.max_nodes:,} layers and groups")
    return plain


def printable(name: str) -> str:
    """A name that XML, JSON and Photoshop can hold: white space is a space, what has no glyph is U+FFFD."""
    return "".join(_printable(character) for character in name)


def _printable(character: str) -> str:
    if character in "\t\n\v\f\r\x85\u2028\u2029":
        return " "
    unprintable = unicodedata.category(character) in ("Cc", "Cs") or ord(character) & 0xFFFE == 0xFFFE
    return "\ufffd" if unprintable else character


def picture_of(stack: Stack) -> np.ndarray:
    """The composite of a writable stack: uint8 RGBA [height, width, 4]."""
    return compose(replace(stack, layers=tuple(layer for layer in stack.layers if layer.rgba.size)))


def _writable(layer: PlainLayer) -> PlainLayer:
    rgba = np.where(layer.rgba[..., 3:] == 0, np.uint8(0), layer.rgba)
    left, top, _, _ = layer.box
    box = layer.box if rgba.size else (left, top, left, top)
    groups = tuple(printable(group[:NAME_CHARS]) for group in layer.groups)
    name = printable(layer.name[:NAME_CHARS])
    return replace(layer, box=box, rgba=rgba if rgba.size else rgba.reshape(0, 0, 4), name=name, groups=groups)


def _nodes(tree: tuple[Branch | PlainLayer, ...]) -> int:
    return sum(1 + (_nodes(node.children) if isinstance(node, Branch) else 0) for node in tree)
