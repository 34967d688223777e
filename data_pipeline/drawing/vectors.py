"""Vector masks and type for drawn PSDs: polygons and strings in, psd-tools' tagged block structures out."""

from collections.abc import Sequence

from psd_tools.psd.descriptor import (
    Descriptor,
    DescriptorBlock,
    Double,
    Enumerated,
    Integer,
    RawData,
    String,
    UnitFloat,
)
from psd_tools.psd.tagged_blocks import TypeToolObjectSetting
from psd_tools.psd.vector import ClosedKnotUnlinked, ClosedPath, InitialFillRule, Path, PathFillRule, VectorMaskSetting
from psd_tools.terminology import Unit

Polygon = tuple[tuple[float, float], ...]  # (x, y) in pixels of the canvas

# The part of a text engine's data that readers look at: the text and one style run. Offsets and fonts are left out.
_ENGINE = b"""

<<
\t/EngineDict
\t<<
\t\t/Editor
\t\t<<
\t\t\t/Text (%s)
\t\t>>
\t\t/StyleRun
\t\t<<
\t\t\t/RunLengthArray [ %d ]
\t\t>>
\t>>
>>"""


def vector_mask_block(polygons: Sequence[Polygon], width: int, height: int) -> VectorMaskSetting:
    """Closed paths of straight sides; coordinates are stored as shares of the canvas, y first."""
    path = Path(items=[PathFillRule(), InitialFillRule(0)])
    for polygon in polygons:
        knots = []
        for x, y in polygon:
            anchor = (y / height, x / width)
            knots.append(ClosedKnotUnlinked(preceding=anchor, anchor=anchor, leaving=anchor))
        path.append(ClosedPath(items=knots))
    return VectorMaskSetting(path=path)


def text_block(text: str, left: int, top: int) -> TypeToolObjectSetting:
    """A point type object that says `text`, lines separated by a carriage return as in Photoshop."""
    lines = text.replace("\n", "\r")
    data = DescriptorBlock(classID=b"TxLr", name="\0")
    data[b"Txt "] = String(lines + "\0")
    data[b"textGridding"] = Enumerated(b"textGridding", b"None")
    data[b"Ornt"] = Enumerated(b"Ornt", b"Hrzn")
    data[b"AntA"] = Enumerated(b"Annt", b"antiAliasSharp")
    for name in (b"bounds", b"boundingBox"):
        data[name] = Descriptor(classID=name, name="\0")
        for side in (b"Left", b"Top ", b"Rght", b"Btom"):
            data[name][side] = UnitFloat(0.0, Unit.Points)
    data[b"TextIndex"] = Integer(0)
    encoded = b"\xfe\xff" + lines.encode("utf-16-be")
    for special in (b"\\", b"(", b")"):
        encoded = encoded.replace(special, b"\\" + special)
    data[b"EngineData"] = RawData(_ENGINE % (encoded, len(lines) + 1))
    warp = DescriptorBlock(classID=b"warp", name="\0")
    warp[b"warpStyle"] = Enumerated(b"warpStyle", b"warpNone")
    for name in (b"warpValue", b"warpPerspective", b"warpPerspectiveOther"):
        warp[name] = Double(0.0)
    warp[b"warpRotate"] = Enumerated(b"Ornt", b"Hrzn")
    transform = (1.0, 0.0, 0.0, 1.0, float(left), float(top))
    return TypeToolObjectSetting(transform=transform, text_version=50, text_data=data, warp=warp)


def artboard_block(box: tuple[int, int, int, int]) -> DescriptorBlock:
    """Makes a group an artboard of this box (left, top, right, bottom), without a ground of its own."""
    block = DescriptorBlock(classID=b"artboard", name="\0")
    rectangle = Descriptor(classID=b"classFloatRect", name="\0")
    for side, value in zip((b"Left", b"Top ", b"Rght", b"Btom"), box, strict=True):
        rectangle[side] = Double(float(value))
    block[b"artboardRect"] = rectangle
    block[b"artboardPresetName"] = String("\0")
    block[b"artboardBackgroundType"] = Integer(3)  # transparent
    return block
