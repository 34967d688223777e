"""A stack <-> an SVG with its layers as PNGs inside, in groups; Inkscape shows groups and names as layers.

Reading: pictures in data URIs, at whole pixels and in their own size, in groups that only hold them. Anything else is
refused, and nothing outside the file is ever looked up.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, ElementTree, SubElement, register_namespace

from data_pipeline.stack_io.images import encode_image
from data_pipeline.stack_io.layer_tree import Branch, nested
from data_pipeline.stack_io.pictures import Decoder, check_canvas, read_whole
from data_pipeline.stack_io.placed import placed, with_a_pixel
from data_pipeline.stack_io.xml_tree import local_name, parse_xml, whole
from schemas.stack import PlainLayer, Stack

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
_HREF, _LABEL, _MODE = f"{{{_XLINK}}}href", f"{{{_INKSCAPE}}}label", f"{{{_INKSCAPE}}}groupmode"
_DATA = re.compile(r"data:image/(?:png|webp);base64,", re.ASCII)
_SILENT = ("title", "desc", "metadata")
_CHANGES = ("transform", "opacity", "clip-path", "mask", "filter", "display", "visibility", "class")
_NO_STYLE = re.compile(r"\s*(?:display\s*:\s*inline\s*;?\s*)?\Z")  # what Inkscape writes of a layer that shows


def write_svg(stack: Stack, file: BinaryIO) -> None:
    """A writable stack. A layer whose box is empty becomes one transparent pixel."""
    for prefix, space in (("", _SVG), ("xlink", _XLINK), ("inkscape", _INKSCAPE)):
        register_namespace(prefix, space)
    size = {"width": str(stack.width), "height": str(stack.height)}
    root = Element(f"{{{_SVG}}}svg", size | {"viewBox": f"0 0 {stack.width} {stack.height}"})
    _draw(nested([with_a_pixel(layer, stack) for layer in stack.layers]), root)
    ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _draw(tree: tuple[Branch | PlainLayer, ...], into: Element) -> None:
    for node in tree:
        into.tail = into.text = "\n"
        if isinstance(node, Branch):
            _draw(node.children, SubElement(into, f"{{{_SVG}}}g", {_MODE: "layer", _LABEL: node.name}))
            continue
        left, top, right, bottom = node.box
        place = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        data = base64.b64encode(encode_image(node.rgba, "png")).decode("ascii")
        attributes = {name: str(value) for name, value in place.items()}
        SubElement(into, f"{{{_SVG}}}image", {
            **attributes, "preserveAspectRatio": "none", _LABEL: node.name, _HREF: f"data:image/png;base64,{data}",
        }).tail = "\n"  # fmt: skip


def read_svg(path: Path) -> Stack:
    """Raises ValueError that names what in it is no plain layer."""
    root = parse_xml(read_whole(path), "the SVG")
    if root.tag != f"{{{_SVG}}}svg":
        raise ValueError(f"is XML, but its root is {local_name(root)}, not svg")
    canvas = whole(root, "width"), whole(root, "height")
    check_canvas(*canvas)
    shown = root.get("viewBox", f"0 0 {canvas[0]} {canvas[1]}")
    if shown.replace(",", " ").split() != ["0", "0", *map(str, canvas)]:
        raise ValueError(f"its viewBox {shown!r} is not its size, {canvas[0]} x {canvas[1]} px")
    decoder = Decoder()
    layers = (_layer(image, groups, canvas, decoder) for image, groups in _images(root, ()))
    return Stack(*canvas, tuple(layers))


def _images(parent: Element, groups: tuple[str, ...]) -> Iterator[tuple[Element, tuple[str, ...]]]:
    _check_plain(parent)
    for element in parent:
        kind = local_name(element)
        if not element.tag.startswith(f"{{{_SVG}}}") or kind in _SILENT or (kind == "defs" and not len(element)):
            continue  # what other programs note, and what shows nothing
        if kind == "g":
            yield from _images(element, (*groups, _name(element)))
        elif kind == "image":
            _check_plain(element)
            yield element, groups
        else:
            raise ValueError(f"it draws a {kind}; only pictures in groups are read")


def _check_plain(element: Element) -> None:
    changed = next((name for name in _CHANGES if element.get(name) is not None), None)
    if changed is None and not _NO_STYLE.match(element.get("style", "")):
        changed = "style"
    if changed is not None:
        what = f"{local_name(element)} {_name(element)!r}"
        raise ValueError(f"{what} has {changed}={element.get(changed)!r}; only pictures as they are are read")


def _layer(image: Element, groups: tuple[str, ...], canvas: tuple[int, int], decoder: Decoder) -> PlainLayer:
    name = _name(image)
    uri = image.get(_HREF) or image.get("href") or ""
    start = _DATA.match(uri)
    if start is None:
        raise ValueError(f"image {name!r} is no PNG or WebP inside the file, but {uri[:60]!r}")
    try:
        data = base64.b64decode("".join(uri[start.end() :].split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"image {name!r}: its data are damaged: {error}") from error
    rgba = decoder.decode(f"image {name!r}", data, (whole(image, "width"), whole(image, "height")))
    return placed(rgba, whole(image, "x", 0), whole(image, "y", 0), canvas, name, groups)


def _name(element: Element) -> str:
    """Inkscape's label; else the id, which is what other programs show."""
    return element.get(_LABEL, element.get("id", ""))
