"""Layer effects and fills for drawn PSDs: small dataclasses in, the descriptors that Photoshop stores out.

Colours are straight sRGB (r, g, b) in 0..255, opacities lie in [0, 1], sizes are pixels, angles degrees.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from psd_tools.constants import BlendMode, ColorMode
from psd_tools.psd.descriptor import (
    Bool,
    Descriptor,
    DescriptorBlock,
    DescriptorBlock2,
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

# Blend modes in a layer record are four-byte codes; in a descriptor they are enumerated under other codes.
_DESCRIPTOR_MODES = {
    BlendMode.NORMAL: b"Nrml", BlendMode.DISSOLVE: b"Dslv", BlendMode.DARKEN: b"Drkn", BlendMode.MULTIPLY: b"Mltp",
    BlendMode.COLOR_BURN: b"CBrn", BlendMode.LINEAR_BURN: b"linearBurn", BlendMode.DARKER_COLOR: b"darkerColor",
    BlendMode.LIGHTEN: b"Lghn", BlendMode.SCREEN: b"Scrn", BlendMode.COLOR_DODGE: b"CDdg",
    BlendMode.LINEAR_DODGE: b"linearDodge", BlendMode.LIGHTER_COLOR: b"lighterColor", BlendMode.OVERLAY: b"Ovrl",
    BlendMode.SOFT_LIGHT: b"SftL", BlendMode.HARD_LIGHT: b"HrdL", BlendMode.VIVID_LIGHT: b"vividLight",
    BlendMode.LINEAR_LIGHT: b"linearLight", BlendMode.PIN_LIGHT: b"pinLight", BlendMode.HARD_MIX: b"hardMix",
    BlendMode.DIFFERENCE: b"Dfrn", BlendMode.EXCLUSION: b"Xclu", BlendMode.SUBTRACT: b"blendSubtraction",
    BlendMode.DIVIDE: b"blendDivide", BlendMode.HUE: b"H   ", BlendMode.SATURATION: b"Strt",
    BlendMode.COLOR: b"Clr ", BlendMode.LUMINOSITY: b"Lmns",
}  # fmt: skip
_STYLES = {
    "linear": b"Lnr ", "radial": b"Rdl ", "angle": b"Angl", "reflected": b"Rflc", "diamond": b"Dmnd",
    "shape burst": b"shapeburst",
}  # fmt: skip
_POSITIONS = {"outside": b"OutF", "inside": b"InsF", "centre": b"CtrF"}


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


@dataclass(frozen=True)
class _Effect:
    opacity: float = field(default=1.0, kw_only=True)
    blend_mode: BlendMode = field(default=BlendMode.NORMAL, kw_only=True)
    enabled: bool = field(default=True, kw_only=True)
    present: bool | None = field(default=True, kw_only=True)  # None: no such key, as files of CS to CS6 have it


@dataclass(frozen=True)
class ColourOverlay(_Effect):
    colour: Colour


@dataclass(frozen=True)
class GradientOverlay(_Effect):
    gradient: Gradient


@dataclass(frozen=True)
class PatternOverlay(_Effect):
    tile: Tile
    scale: float = 1.0
    angle: float = 0.0


@dataclass(frozen=True)
class Stroke(_Effect):
    size: float
    paint: Colour | Gradient | Tile
    position: str = "outside"  # outside | inside | centre
    overprint: bool = False


@dataclass(frozen=True)
class DropShadow(_Effect):
    colour: Colour = (0, 0, 0)
    angle: float = 120.0
    distance: float = 5.0
    size: float = 5.0


Effect = ColourOverlay | GradientOverlay | PatternOverlay | Stroke | DropShadow


def effects_block(effects: Sequence[Effect]) -> DescriptorBlock2:
    """Several effects of one class are stored as a list, one alone as itself."""
    block = _fill(
        DescriptorBlock2(classID=b"null", name="\0", version=0, data_version=16),
        {b"Scl ": _percent(1.0), b"masterFXSwitch": Bool(True)},
    )
    groups: dict[bytes, list[Descriptor]] = {}
    for effect in effects:
        key, descriptor = _effect(effect)
        groups.setdefault(key, []).append(descriptor)
    for key, descriptors in groups.items():
        if len(descriptors) == 1:
            block[key] = descriptors[0]
        else:
            block[_MULTI[key]] = List(items=descriptors)
    return block


_MULTI = {
    b"SoFi": b"solidFillMulti", b"GrFl": b"gradientFillMulti", b"patternFill": b"patternFillMulti",
    b"FrFX": b"frameFXMulti", b"DrSh": b"dropShadowMulti",
}  # fmt: skip


def solid_colour_block(colour: Colour) -> DescriptorBlock:
    """The data of a solid colour fill layer."""
    return _fill(DescriptorBlock(classID=b"null", name="\0"), {b"Clr ": _colour(colour)})


def gradient_block(gradient: Gradient) -> DescriptorBlock:
    """The data of a gradient fill layer."""
    return _fill(DescriptorBlock(classID=b"null", name="\0"), _gradient_items(gradient))


def pattern_block(tile: Tile, scale: float) -> DescriptorBlock:
    """The data of a pattern fill layer; the tile itself lies among the document's patterns."""
    return _fill(DescriptorBlock(classID=b"null", name="\0"), _tile_items(tile, scale))


def tiles(effects: Sequence[Effect]) -> list[Tile]:
    """The patterns that these effects refer to."""
    found = [effect.tile for effect in effects if isinstance(effect, PatternOverlay)]
    return found + [e.paint for e in effects if isinstance(e, Stroke) and isinstance(e.paint, Tile)]


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


def _effect(effect: Effect) -> tuple[bytes, Descriptor]:
    head: dict[bytes, Any] = {b"enab": Bool(effect.enabled)}
    if effect.present is not None:
        head |= {b"present": Bool(effect.present), b"showInDialog": Bool(True)}
    blend = {
        b"Md  ": Enumerated(b"BlnM", _DESCRIPTOR_MODES[effect.blend_mode]),
        b"Opct": _percent(effect.opacity),
    }
    match effect:
        case ColourOverlay():
            return b"SoFi", _descriptor(b"SoFi", head | blend | {b"Clr ": _colour(effect.colour)})
        case GradientOverlay():
            return b"GrFl", _descriptor(b"GrFl", head | blend | _gradient_items(effect.gradient))
        case PatternOverlay():
            items = head | blend | _tile_items(effect.tile, effect.scale, effect.angle)
            return b"patternFill", _descriptor(b"patternFill", items)
        case Stroke():
            return b"FrFX", _descriptor(b"FrFX", head | _stroke_items(effect, blend))
        case DropShadow():
            return b"DrSh", _descriptor(b"DrSh", head | blend | _shadow_items(effect))


def _stroke_items(stroke: Stroke, blend: dict[bytes, Any]) -> dict[bytes, Any]:
    kinds = {Gradient: b"GrFl", Tile: b"Ptrn"}
    items = {
        b"Styl": Enumerated(b"FStl", _POSITIONS[stroke.position]),
        b"PntT": Enumerated(b"FrFl", kinds.get(type(stroke.paint), b"SClr")),
        **blend,
        b"Sz  ": UnitFloat(stroke.size, Unit.Pixels),
        b"overprint": Bool(stroke.overprint),
    }
    match stroke.paint:
        case Gradient():
            return items | _gradient_items(stroke.paint)
        case Tile():
            return items | _tile_items(stroke.paint, 1.0)
        case colour:
            return items | {b"Clr ": _colour(colour)}


def _shadow_items(shadow: DropShadow) -> dict[bytes, Any]:
    points = [_descriptor(b"CrPt", {b"Hrzn": Double(v), b"Vrtc": Double(v)}) for v in (0.0, 255.0)]
    return {
        b"Clr ": _colour(shadow.colour),
        b"uglg": Bool(False),
        b"lagl": UnitFloat(shadow.angle, Unit.Angle),
        b"Dstn": UnitFloat(shadow.distance, Unit.Pixels),
        b"Ckmt": UnitFloat(0.0, Unit.Pixels),
        b"blur": UnitFloat(shadow.size, Unit.Pixels),
        b"Nose": _percent(0.0),
        b"AntA": Bool(False),
        b"TrnS": _descriptor(b"ShpC", {b"Nm  ": String("Linear\0"), b"Crv ": List(items=points)}),
        b"layerConceals": Bool(True),
    }


def _gradient_items(gradient: Gradient) -> dict[bytes, Any]:
    colours, opacities = [], []
    for position, colour, opacity in gradient.stops:
        place = {b"Lctn": Integer(round(position * 4096)), b"Mdpn": Integer(50)}
        user = {b"Clr ": _colour(colour), b"Type": Enumerated(b"Clry", b"UsrS")}
        colours.append(_descriptor(b"Clrt", user | place))
        opacities.append(_descriptor(b"TrnS", {b"Opct": _percent(opacity)} | place))
    stops = {
        b"Nm  ": String("Custom\0"),
        b"GrdF": Enumerated(b"GrdF", b"CstS"),
        b"Intr": Double(4096.0 * gradient.smoothness),
        b"Clrs": List(items=colours),
        b"Trns": List(items=opacities),
    }
    return {
        b"Grad": _descriptor(b"Grdn", stops),
        b"Angl": UnitFloat(gradient.angle, Unit.Angle),
        b"Type": Enumerated(b"GrdT", _STYLES[gradient.style]),
        b"Rvrs": Bool(gradient.reverse),
        b"Dthr": Bool(False),
        b"Algn": Bool(True),
        b"Scl ": _percent(gradient.scale),
        b"Ofst": _descriptor(b"Pnt ", {b"Hrzn": _percent(0.0), b"Vrtc": _percent(0.0)}),
    }


def _tile_items(tile: Tile, scale: float, angle: float = 0.0) -> dict[bytes, Any]:
    identity = {b"Nm  ": String(tile.name + "\0"), b"Idnt": String(tile.identifier + "\0")}
    return {
        b"Ptrn": _descriptor(b"Ptrn", identity),
        b"Angl": UnitFloat(angle, Unit.Angle),
        b"Scl ": _percent(scale),
        b"Algn": Bool(True),
        b"phase": _descriptor(b"Pnt ", {b"Hrzn": Double(0.0), b"Vrtc": Double(0.0)}),
    }


def _colour(colour: Colour) -> Descriptor:
    red, green, blue = (Double(float(value)) for value in colour)
    return _descriptor(b"RGBC", {b"Rd  ": red, b"Grn ": green, b"Bl  ": blue})


def _percent(share: float) -> UnitFloat:
    return UnitFloat(100.0 * share, Unit.Percent)


def _descriptor(class_id: bytes, items: dict[bytes, Any]) -> Descriptor:
    return _fill(Descriptor(classID=class_id, name="\0"), items)


def _fill(descriptor: Any, items: dict[bytes, Any]) -> Any:
    for key, value in items.items():
        descriptor[key] = value
    return descriptor
