"""Paints for drawn PSDs: colours, gradients and patterns in, the descriptors that Photoshop stores out.

Colours are straight sRGB (r, g, b) in 0..255, opacities lie in [0, 1], angles are degrees.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from psd_tools.constants import ColorMode
from psd_tools.psd.descriptor import (
    Bool,
    Descriptor,
    DescriptorBlock,
    Double,
    Enumerated,
    Integer,
    List,
    String,
    UnitFloat,
)
from psd_tools.psd.patterns import Pattern, VirtualMemoryArray, VirtualMemoryArrayList
from psd_tools.terminology import Unit

Colour = tuple[int, int, int]

_STYLES = {
    "linear": b"Lnr ", "radial": b"Rdl ", "angle": b"Angl", "reflected": b"Rflc", "diamond": b"Dmnd",
    "shape burst": b"shapeburst",
}  # fmt: skip


@dataclass(frozen=True)
class Gradient:
    """Colour stops (position in [0, 1], colour, opacity), at least two; straight between them at `smoothness` 0."""

    stops: tuple[tuple[float, Colour, float], ...]
    style: str = "linear"  # linear | radial | angle | reflected | diamond, and of strokes shape burst
    angle: float = 90.0
    scale: float = 1.0
    reverse: bool = False
    smoothness: float = 1.0


@dataclass(frozen=True, eq=False)
class Tile:
    """A pattern: uint8 RGB [height, width, 3], repeated from the layer's top left corner."""

    rgb: np.ndarray = field(repr=False)
    name: str = "Pattern"

    @property
    def identifier(self) -> str:
        """Equal for equal pixels, so that the same description gives the same bytes."""
        digest = hashlib.sha256(repr(self.rgb.shape).encode() + self.rgb.tobytes()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"


def solid_colour_block(colour: Colour) -> DescriptorBlock:
    """The data of a solid colour fill layer."""
    return filled(DescriptorBlock(classID=b"null", name="\0"), {b"Clr ": colour_item(colour)})


def gradient_block(gradient: Gradient) -> DescriptorBlock:
    """The data of a gradient fill layer."""
    return filled(DescriptorBlock(classID=b"null", name="\0"), gradient_items(gradient))


def pattern_block(tile: Tile, scale: float) -> DescriptorBlock:
    """The data of a pattern fill layer; the tile itself lies among the document's patterns."""
    return filled(DescriptorBlock(classID=b"null", name="\0"), tile_items(tile, scale))


def pattern(tile: Tile) -> Pattern:
    """The tile as one entry of a document's patterns: three colour slots of 24 are written, and no alpha."""
    height, width, _ = tile.rgb.shape
    channels = []
    for index in range(26):
        array = VirtualMemoryArray()
        if index < 3:
            array.set_data((width, height), np.ascontiguousarray(tile.rgb[:, :, index]).tobytes(), 8)
        channels.append(array)
    memory = VirtualMemoryArrayList(rectangle=(0, 0, height, width), channels=channels)
    return Pattern(
        image_mode=ColorMode.RGB, point=(height, width), name=tile.name, pattern_id=tile.identifier, data=memory
    )


def gradient_items(gradient: Gradient) -> dict[bytes, Any]:
    """Of a fill, an overlay or a stroke."""
    colours, opacities = [], []
    for position, colour, opacity in gradient.stops:
        place = {b"Lctn": Integer(round(position * 4096)), b"Mdpn": Integer(50)}
        user = {b"Clr ": colour_item(colour), b"Type": Enumerated(b"Clry", b"UsrS")}
        colours.append(descriptor_of(b"Clrt", user | place))
        opacities.append(descriptor_of(b"TrnS", {b"Opct": percent(opacity)} | place))
    stops = {
        b"Nm  ": String("Custom\0"),
        b"GrdF": Enumerated(b"GrdF", b"CstS"),
        b"Intr": Double(4096.0 * gradient.smoothness),
        b"Clrs": List(items=colours),
        b"Trns": List(items=opacities),
    }
    return {
        b"Grad": descriptor_of(b"Grdn", stops),
        b"Angl": UnitFloat(gradient.angle, Unit.Angle),
        b"Type": Enumerated(b"GrdT", _STYLES[gradient.style]),
        b"Rvrs": Bool(gradient.reverse),
        b"Dthr": Bool(False),
        b"Algn": Bool(True),
        b"Scl ": percent(gradient.scale),
        b"Ofst": descriptor_of(b"Pnt ", {b"Hrzn": percent(0.0), b"Vrtc": percent(0.0)}),
    }


def tile_items(tile: Tile, scale: float, angle: float = 0.0) -> dict[bytes, Any]:
    """Of a fill, an overlay, a stroke or a texture."""
    identity = {b"Nm  ": String(tile.name + "\0"), b"Idnt": String(tile.identifier + "\0")}
    return {
        b"Ptrn": descriptor_of(b"Ptrn", identity),
        b"Angl": UnitFloat(angle, Unit.Angle),
        b"Scl ": percent(scale),
        b"Algn": Bool(True),
        b"phase": descriptor_of(b"Pnt ", {b"Hrzn": Double(0.0), b"Vrtc": Double(0.0)}),
    }


def colour_item(rgb: Colour) -> Descriptor:
    """As an RGB colour."""
    red, green, blue = (Double(float(value)) for value in rgb)
    return descriptor_of(b"RGBC", {b"Rd  ": red, b"Grn ": green, b"Bl  ": blue})


def percent(share: float) -> UnitFloat:
    """A share, in [0, 1], as Photoshop stores it."""
    return UnitFloat(100.0 * share, Unit.Percent)


def descriptor_of(class_id: bytes, items: dict[bytes, Any]) -> Descriptor:
    """A nameless descriptor of these items."""
    return filled(Descriptor(classID=class_id, name="\0"), items)


def filled(empty: Any, items: dict[bytes, Any]) -> Any:
    """A descriptor, filled in place."""
    for key, value in items.items():
        empty[key] = value
    return empty
