"""A stack <-> a PowerPoint file of one slide, the canvas: its pictures are the layers, named, placed and grouped.

Reading: one slide of pictures at one scale, at whole pixels, in groups that only hold them, as this and the released
pipeline of Qwen-Image-Layered write them. Anything else is refused, and nothing outside the file is ever looked up.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element

import numpy as np
from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE

from data_pipeline.stack_io.archive import Archive, open_archive, write_archive
from data_pipeline.stack_io.images import encode_image
from data_pipeline.stack_io.layer_tree import Branch, nested
from data_pipeline.stack_io.pictures import Decoder, check_canvas
from data_pipeline.stack_io.placed import placed, with_a_pixel
from data_pipeline.stack_io.xml_tree import local_name, parse_xml
from schemas.stack import PlainLayer, Stack

_EMU = 9525  # a pixel at 96 an inch
_SIDE_EMU = (914_400, 51_206_400)  # 1 to 56 inches: what PowerPoint takes for a slide
_BLANK = 6  # the layout without placeholders
_DECK = "ppt/presentation.xml"
_CANVAS = re.compile(r"(\d{1,6}) x (\d{1,6}) px\Z")  # the name of our slides
_OFFICE = "http://schemas.openxmlformats.org"
_NAMES = {"a": f"{_OFFICE}/drawingml/2006/main", "p": f"{_OFFICE}/presentationml/2006/main"}
_RELATIONS = f"{_OFFICE}/officeDocument/2006/relationships"
_SILENT = ("nvGrpSpPr", "grpSpPr", "extLst")
_TOLERANCE = Fraction(1, 100)  # of a pixel: others round to whole EMU


def write_pptx(stack: Stack, file: BinaryIO) -> None:
    """A writable stack. A layer whose box is empty becomes one transparent pixel.

    Raises ValueError for a canvas more than 56 times as long as it is wide, of which no slide can be made.
    """
    scale = _scale(stack.width, stack.height)
    deck = Presentation()
    deck.slide_width, deck.slide_height = stack.width * scale, stack.height * scale
    slide = deck.slides.add_slide(deck.slide_layouts[_BLANK])
    slide._element.cSld.set("name", f"{stack.width} x {stack.height} px")
    _add(nested([with_a_pixel(layer, stack) for layer in stack.layers]), slide.shapes, scale)
    _forget_template(deck)
    made = io.BytesIO()
    deck.save(made)
    with zipfile.ZipFile(made) as archive:  # with the clock's time, which goes
        write_archive(file, ((name, archive.read(name)) for name in archive.namelist()))


def _forget_template(deck: Any) -> None:
    """What python-pptx's template says of itself, and the picture of its own empty slide."""
    about = deck.core_properties
    about.title = about.author = about.last_modified_by = ""
    package = deck.part.package
    for relation in [key for key, one in package._rels.items() if one.reltype == RELATIONSHIP_TYPE.THUMBNAIL]:
        package.drop_rel(relation)


def _scale(width: int, height: int) -> int:
    """EMU a pixel: 96 pixels an inch where the slide can be as large."""
    least, most = -(-_SIDE_EMU[0] // min(width, height)), _SIDE_EMU[1] // max(width, height)
    if least > most:
        raise ValueError(f"a canvas of {width} x {height} px is too narrow for a slide")
    return min(max(_EMU, least), most)


def _add(tree: tuple[Branch | PlainLayer, ...], shapes: Any, scale: int) -> None:
    for node in tree:
        if isinstance(node, Branch):
            group = shapes.add_group_shape()
            group.name = node.name
            _add(node.children, group.shapes, scale)
            continue
        left, top, right, bottom = (side * scale for side in node.box)
        png = io.BytesIO(encode_image(node.rgba, "png"))
        picture = shapes.add_picture(png, left, top, right - left, bottom - top)
        picture.name = node.name
        picture._element.nvPicPr.cNvPr.set("descr", node.name)  # what is read aloud


@dataclass(frozen=True, eq=False)
class _Picture:
    """A picture of a slide; `left`, `top`, `width` in EMU."""

    name: str
    groups: tuple[str, ...]
    left: int
    top: int
    width: int
    height: int
    rgba: np.ndarray = field(repr=False)


def read_pptx(path: Path) -> Stack:
    """Raises ValueError that names what in it is no plain layer."""
    with open_archive(path) as archive:
        deck = parse_xml(archive.read(_DECK), _DECK)
        slides = deck.findall("p:sldIdLst/p:sldId", _NAMES)
        if len(slides) != 1:
            raise ValueError(f"has {len(slides)} slides; a stack is one")
        source = _target(_targets(archive, _DECK), slides[0].get(f"{{{_RELATIONS}}}id"), "the slide")
        slide = parse_xml(archive.read(source), source)
        tree = slide.find("p:cSld/p:spTree", _NAMES)
        if tree is None:
            raise ValueError(f"{source}: has no shapes")
        targets = _targets(archive, source)
        decoder = Decoder()
        pictures = [_picture(one, groups, targets, archive, decoder) for one, groups in _shown(tree, ())]
    size = deck.find("p:sldSz", _NAMES)
    sides = (0, 0) if size is None else (_emu(size, "cx"), _emu(size, "cy"))
    return _stack(sides, slide.find("p:cSld", _NAMES), pictures)


def _stack(sides: tuple[int, int], slide: Element | None, pictures: list[_Picture]) -> Stack:
    """The scale is that of the widest picture."""
    named = _CANVAS.match("" if slide is None else slide.get("name", ""))
    if pictures:
        widest = max(pictures, key=lambda one: one.rgba.shape[1])
        scale = Fraction(widest.width, widest.rgba.shape[1])
    else:
        scale = Fraction(sides[0], max(int(named.group(1)), 1)) if named else Fraction(_EMU)
    if scale <= 0:
        raise ValueError("its slide or its widest picture has no width")
    canvas = _pixels(sides[0], scale, "the slide"), _pixels(sides[1], scale, "the slide")
    check_canvas(*canvas)
    layers = []
    for one in pictures:
        what = f"picture {one.name!r}"
        size = _pixels(one.width, scale, what), _pixels(one.height, scale, what)
        if size != (one.rgba.shape[1], one.rgba.shape[0]):
            raise ValueError(f"{what} is shown at a scale of its own; the pictures of a stack have one")
        left, top = _pixels(one.left, scale, what), _pixels(one.top, scale, what)
        layers.append(placed(one.rgba, left, top, canvas, one.name, one.groups))
    return Stack(*canvas, tuple(layers))


def _pixels(emu: int, scale: Fraction, what: str) -> int:
    pixels = round(emu / scale)
    if abs(emu / scale - pixels) > _TOLERANCE:
        raise ValueError(f"{what} does not lie on whole pixels, but {float(emu / scale):.2f} px from the corner")
    return pixels


def _shown(group: Element, groups: tuple[str, ...]) -> Iterator[tuple[Element, tuple[str, ...]]]:
    """The pictures that show, the bottom one first, with the names of the groups around them."""
    for element in group:
        kind = local_name(element)
        if kind in _SILENT:
            continue
        about = element.find("./*/p:cNvPr", _NAMES)
        name = "" if about is None else about.get("name", "")
        if about is not None and about.get("hidden") in ("1", "true"):
            continue
        if kind == "pic":
            yield element, groups
        elif kind == "grpSp":
            _check_still(element.find("p:grpSpPr/a:xfrm", _NAMES), f"group {name!r}")
            yield from _shown(element, (*groups, name))
        else:
            raise ValueError(f"it holds {name!r}, a {kind}; only pictures in groups are read")


def _picture(
    element: Element, groups: tuple[str, ...], targets: Mapping[str, str], archive: Archive, decoder: Decoder
) -> _Picture:
    about = element.find("p:nvPicPr/p:cNvPr", _NAMES)
    name = "" if about is None else about.get("name", "")
    what = f"picture {name!r}"
    blip, crop = element.find("p:blipFill/a:blip", _NAMES), element.find("p:blipFill/a:srcRect", _NAMES)
    if blip is None or any(local_name(effect) != "extLst" for effect in blip):
        raise ValueError(f"{what} is recoloured or faded, which is not read")
    if crop is not None and any(value != "0" for value in crop.attrib.values()):
        raise ValueError(f"{what} is cropped, which is not read")
    shape = element.find("p:spPr/a:prstGeom", _NAMES)
    if shape is None or shape.get("prst") != "rect":
        raise ValueError(f"{what} is cut to a shape, which is not read")
    frame = element.find("p:spPr/a:xfrm", _NAMES)
    corner, size = _check_still(frame, what)
    source = _target(targets, blip.get(f"{{{_RELATIONS}}}embed"), what)
    rgba = decoder.decode(what, archive.read(source))
    return _Picture(name, groups, _emu(corner, "x"), _emu(corner, "y"), _emu(size, "cx"), _emu(size, "cy"), rgba)


def _check_still(frame: Element | None, what: str) -> tuple[Element, Element]:
    """The corner and the size of what is neither turned nor mirrored; a group must not scale or move what it holds."""
    corner, size = (None, None) if frame is None else (frame.find("a:off", _NAMES), frame.find("a:ext", _NAMES))
    if frame is None or corner is None or size is None:
        raise ValueError(f"{what} has no place")
    if frame.get("rot", "0") != "0" or frame.get("flipH", "0") != "0" or frame.get("flipV", "0") != "0":
        raise ValueError(f"{what} is turned or mirrored, which is not read")
    for own, inner in ((corner, frame.find("a:chOff", _NAMES)), (size, frame.find("a:chExt", _NAMES))):
        if inner is not None and inner.attrib != own.attrib:
            raise ValueError(f"{what} moves or scales what it holds, which is not read")
    return corner, size


def _targets(archive: Archive, part: str) -> dict[str, str]:
    """The members that a part refers to, by the id of the relation; what lies outside the file is left out."""
    folder, _, name = part.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels"
    return {
        relation.get("Id", ""): posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
        for relation in parse_xml(archive.read(relations), relations)
        if relation.get("TargetMode", "Internal") == "Internal"
    }


def _target(targets: Mapping[str, str], relation: str | None, what: str) -> str:
    if relation is None or relation not in targets:
        raise ValueError(f"{what} does not lie inside the file")
    return targets[relation]


def _emu(element: Element, attribute: str) -> int:
    text = element.get(attribute, "")
    if not re.fullmatch(r"-?\d{1,12}", text, re.ASCII):
        raise ValueError(f"{local_name(element)} has {attribute}={text!r}, which is no whole number")
    return int(text)
