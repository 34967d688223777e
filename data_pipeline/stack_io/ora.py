"""A stack <-> an OpenRaster file, as GIMP, Krita and MyPaint read it: a ZIP of PNGs and `stack.xml`, the top first.

Reading: a layer's opacity is multiplied into its alpha, rounded; what is hidden is no layer. Composite operations other
than `svg:src-over`, and groups that are not opaque, are refused: plain layers cannot say them.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np

from data_pipeline.previews import preview
from data_pipeline.stack_io.archive import Archive, open_archive, write_archive
from data_pipeline.stack_io.images import encode_image
from data_pipeline.stack_io.layer_tree import Branch, nested
from data_pipeline.stack_io.pictures import Decoder, check_canvas
from data_pipeline.stack_io.placed import placed, with_a_pixel
from data_pipeline.stack_io.writable import picture_of
from data_pipeline.stack_io.xml_tree import local_name, parse_xml, whole
from schemas.members import layer_name
from schemas.stack import PlainLayer, Stack

_MIMETYPE = b"image/openraster"
_VERSION = "0.0.3"
_OVER = "svg:src-over"
_STACK = "stack.xml"
_THUMBNAIL_PX = 256


def write_ora(stack: Stack, file: BinaryIO) -> None:
    """A writable stack. A layer whose box is empty becomes one transparent pixel."""
    write_archive(file, _members(stack))


def _members(stack: Stack) -> Iterator[tuple[str, bytes]]:
    layers = [with_a_pixel(layer, stack) for layer in stack.layers]
    image = Element("image", version=_VERSION, w=str(stack.width), h=str(stack.height))
    sources = [f"data/{layer_name(index)}.png" for index in range(len(layers))]
    _describe(nested(layers), SubElement(image, "stack"), reversed(sources))
    merged = picture_of(stack)
    yield "mimetype", _MIMETYPE
    yield _STACK, tostring(image, encoding="utf-8", xml_declaration=True)
    for source, layer in zip(sources, layers, strict=True):
        yield source, encode_image(layer.rgba, "png")
    yield "mergedimage.png", encode_image(merged, "png")
    yield "Thumbnails/thumbnail.png", encode_image(preview(merged, _THUMBNAIL_PX), "png")


def _describe(tree: tuple[Branch | PlainLayer, ...], into: Element, sources: Iterator[str]) -> None:
    """The top of the tree first, as the sources come."""
    for node in reversed(tree):
        if isinstance(node, Branch):
            _describe(node.children, SubElement(into, "stack", name=node.name), sources)
        else:
            x, y = str(node.box[0]), str(node.box[1])
            SubElement(into, "layer", name=node.name, src=next(sources), x=x, y=y)


def read_ora(path: Path) -> Stack:
    """Raises ValueError that names the layer or the member."""
    with open_archive(path) as archive:
        if archive.read("mimetype").strip() != _MIMETYPE:
            raise ValueError("mimetype: is not that of OpenRaster")
        image = parse_xml(archive.read(_STACK), _STACK)
        canvas = whole(image, "w"), whole(image, "h")
        check_canvas(*canvas)
        root = image.find("stack")
        if root is None:
            raise ValueError(f"{_STACK}: has no stack of layers")
        decoder = Decoder()
        layers = [_layer(element, groups, canvas, archive, decoder) for element, groups in _from_the_bottom(root, ())]
    return Stack(*canvas, tuple(layers))


def _from_the_bottom(stack: Element, groups: tuple[str, ...]) -> Iterator[tuple[Element, tuple[str, ...]]]:
    """The layers that show, with the names of the groups around them."""
    for element in reversed(stack):
        if element.get("visibility") == "hidden":
            continue
        kind, name = local_name(element), element.get("name", "")
        if kind not in ("layer", "stack"):
            raise ValueError(f"{_STACK}: holds a {kind}, which is no layer of pixels")
        if element.get("composite-op", _OVER) != _OVER:
            raise ValueError(f"{kind} {name!r} is blended by {element.get('composite-op')}; only {_OVER} is read")
        if kind == "layer":
            yield element, groups
        elif _opacity(element) != 1 or whole(element, "x", 0) or whole(element, "y", 0):
            raise ValueError(f"stack {name!r} is faded or moved as a whole, which is not read")
        else:
            yield from _from_the_bottom(element, (*groups, name))


def _layer(
    element: Element, groups: tuple[str, ...], canvas: tuple[int, int], archive: Archive, decoder: Decoder
) -> PlainLayer:
    source = element.get("src", "")
    rgba = decoder.decode(source, archive.read(source))
    opacity = _opacity(element)
    if opacity != 1:
        alpha = np.floor(rgba[..., 3:] * opacity + 0.5).astype(np.uint8)
        rgba = np.concatenate([rgba[..., :3], alpha], axis=2)
    return placed(rgba, whole(element, "x", 0), whole(element, "y", 0), canvas, element.get("name", ""), groups)


def _opacity(element: Element) -> float:
    text = element.get("opacity", "1")
    try:
        opacity = float(text)
    except ValueError:
        opacity = math.nan
    if not 0 <= opacity <= 1:
        raise ValueError(f"{local_name(element)} {element.get('name', '')!r} has opacity={text!r}; it lies in 0..1")
    return opacity
