"""Layer effects for drawn PSDs: small dataclasses in, the descriptors that Photoshop stores out.

Opacities, depths and ranges are shares, of which 1 is 100 %, sizes are pixels, angles degrees.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from psd_tools.constants import BlendMode
from psd_tools.psd.descriptor import Bool, Descriptor, DescriptorBlock2, Double, Enumerated, List, String, UnitFloat
from psd_tools.terminology import Unit

from data_pipeline.drawing.paints import (
    Colour,
    Gradient,
    Tile,
    colour_item,
    descriptor_of,
    filled,
    gradient_items,
    percent,
    tile_items,
)

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
_BEVELS = {"inner": b"InrB", "outer": b"OtrB", "emboss": b"Embs", "pillow": b"PlEb", "stroke": b"strokeEmboss"}
_TECHNIQUES = {"smooth": b"SfBL", "hard": b"PrBL", "soft": b"Slmt"}
_MATTES = {"softer": b"SfBL", "precise": b"PrBL"}
_SOURCES = {"edge": b"SrcE", "centre": b"SrcC"}
_STRAIGHT = ((0.0, 0.0), (255.0, 255.0))
_POSITIONS = {"outside": b"OutF", "inside": b"InsF", "centre": b"CtrF"}


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
class _Shadow(_Effect):
    colour: Colour = (0, 0, 0)
    angle: float = 120.0
    distance: float = 5.0
    size: float = 5.0


@dataclass(frozen=True)
class DropShadow(_Shadow):
    """Below the layer."""


@dataclass(frozen=True)
class InnerShadow(_Shadow):
    """Within the layer."""


@dataclass(frozen=True)
class Satin(_Shadow):
    """Shades within the layer, thrown both ways along `angle`."""

    inverted: bool = True


@dataclass(frozen=True)
class _Glow(_Effect):
    paint: Colour | Gradient = (255, 255, 190)
    size: float = 5.0
    technique: str = "softer"  # softer | precise


@dataclass(frozen=True)
class OuterGlow(_Glow):
    """Around the layer."""


@dataclass(frozen=True)
class InnerGlow(_Glow):
    """Within the layer, from its edge or from its centre."""

    source: str = "edge"  # edge | centre


@dataclass(frozen=True)
class Bevel(_Effect):
    """White in Screen and black in Multiply, lit from `angle` at 30 degrees. A `contour` is a curve, and its range; a
    `texture` is a pattern, and its depth."""

    size: float = 5.0
    style: str = "inner"  # inner | outer | emboss | pillow | stroke
    technique: str = "smooth"  # smooth | hard | soft
    angle: float = 90.0
    contour: tuple[tuple[tuple[float, float], ...], float] | None = None
    texture: tuple[Tile, float] | None = None
    inverted: bool = False  # the texture


Effect = (
    Bevel | ColourOverlay | GradientOverlay | PatternOverlay | Stroke | DropShadow | InnerShadow | OuterGlow | InnerGlow
    | Satin
)  # fmt: skip


def effects_block(effects: Sequence[Effect]) -> DescriptorBlock2:
    """Several effects of one class are stored as a list, one alone as itself."""
    block = filled(
        DescriptorBlock2(classID=b"null", name="\0", version=0, data_version=16),
        {b"Scl ": percent(1.0), b"masterFXSwitch": Bool(True)},
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
    b"FrFX": b"frameFXMulti", b"DrSh": b"dropShadowMulti", b"IrSh": b"innerShadowMulti",
}  # fmt: skip


def tiles(effects: Sequence[Effect]) -> list[Tile]:
    """The patterns that these effects refer to."""
    found = [effect.tile for effect in effects if isinstance(effect, PatternOverlay)]
    found += [effect.texture[0] for effect in effects if isinstance(effect, Bevel) and effect.texture is not None]
    return found + [e.paint for e in effects if isinstance(e, Stroke) and isinstance(e.paint, Tile)]


def _effect(effect: Effect) -> tuple[bytes, Descriptor]:
    head: dict[bytes, Any] = {b"enab": Bool(effect.enabled)}
    if effect.present is not None:
        head |= {b"present": Bool(effect.present), b"showInDialog": Bool(True)}
    blend = {
        b"Md  ": Enumerated(b"BlnM", _DESCRIPTOR_MODES[effect.blend_mode]),
        b"Opct": percent(effect.opacity),
    }
    match effect:
        case ColourOverlay():
            return b"SoFi", descriptor_of(b"SoFi", head | blend | {b"Clr ": colour_item(effect.colour)})
        case GradientOverlay():
            return b"GrFl", descriptor_of(b"GrFl", head | blend | gradient_items(effect.gradient))
        case PatternOverlay():
            items = head | blend | tile_items(effect.tile, effect.scale, effect.angle)
            return b"patternFill", descriptor_of(b"patternFill", items)
        case Stroke():
            return b"FrFX", descriptor_of(b"FrFX", head | _stroke_items(effect, blend))
        case Bevel():
            return b"ebbl", descriptor_of(b"ebbl", head | _bevel_items(effect))
        case DropShadow():
            return b"DrSh", descriptor_of(b"DrSh", head | blend | _shadow_items(effect))
        case InnerShadow():
            return b"IrSh", descriptor_of(b"IrSh", head | blend | _shadow_items(effect))
        case InnerGlow():
            source = {b"glwS": Enumerated(b"IGSr", _SOURCES[effect.source])}
            return b"IrGl", descriptor_of(b"IrGl", head | blend | _glow_items(effect) | source)
        case OuterGlow():
            return b"OrGl", descriptor_of(b"OrGl", head | blend | _glow_items(effect))
        case Satin():
            return b"ChFX", descriptor_of(b"ChFX", head | blend | _satin_items(effect))


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
            return items | gradient_items(stroke.paint)
        case Tile():
            return items | tile_items(stroke.paint, 1.0)
        case rgb:
            return items | {b"Clr ": colour_item(rgb)}


def _shadow_items(shadow: DropShadow | InnerShadow) -> dict[bytes, Any]:
    return {
        b"Clr ": colour_item(shadow.colour),
        b"uglg": Bool(False),
        b"lagl": UnitFloat(shadow.angle, Unit.Angle),
        b"Dstn": UnitFloat(shadow.distance, Unit.Pixels),
        b"Ckmt": UnitFloat(0.0, Unit.Pixels),
        b"blur": UnitFloat(shadow.size, Unit.Pixels),
        b"Nose": percent(0.0),
        b"AntA": Bool(False),
        b"TrnS": _contour(_STRAIGHT),
        b"layerConceals": Bool(True),
    }


def _glow_items(glow: OuterGlow | InnerGlow) -> dict[bytes, Any]:
    paint = gradient_items(glow.paint) if isinstance(glow.paint, Gradient) else {b"Clr ": colour_item(glow.paint)}
    return paint | {
        b"GlwT": Enumerated(b"BETE", _MATTES[glow.technique]),
        b"Ckmt": UnitFloat(0.0, Unit.Pixels),
        b"blur": UnitFloat(glow.size, Unit.Pixels),
        b"Nose": percent(0.0),
        b"ShdN": percent(0.0),
        b"AntA": Bool(False),
        b"TrnS": _contour(_STRAIGHT),
        b"Inpr": percent(0.5),
    }


def _satin_items(satin: Satin) -> dict[bytes, Any]:
    return {
        b"Clr ": colour_item(satin.colour),
        b"AntA": Bool(False),
        b"Invr": Bool(satin.inverted),
        b"lagl": UnitFloat(satin.angle, Unit.Angle),
        b"Dstn": UnitFloat(satin.distance, Unit.Pixels),
        b"blur": UnitFloat(satin.size, Unit.Pixels),
        b"MpgS": _contour(_STRAIGHT),
    }


def _bevel_items(bevel: Bevel) -> dict[bytes, Any]:
    items = {
        b"hglM": Enumerated(b"BlnM", _DESCRIPTOR_MODES[BlendMode.SCREEN]),
        b"hglC": colour_item((255, 255, 255)),
        b"hglO": percent(1.0),
        b"sdwM": Enumerated(b"BlnM", _DESCRIPTOR_MODES[BlendMode.MULTIPLY]),
        b"sdwC": colour_item((0, 0, 0)),
        b"sdwO": percent(1.0),
        b"bvlT": Enumerated(b"bvlT", _TECHNIQUES[bevel.technique]),
        b"bvlS": Enumerated(b"BESl", _BEVELS[bevel.style]),
        b"uglg": Bool(False),
        b"lagl": UnitFloat(bevel.angle, Unit.Angle),
        b"Lald": UnitFloat(30.0, Unit.Angle),
        b"srgR": percent(1.0),
        b"blur": UnitFloat(bevel.size, Unit.Pixels),
        b"bvlD": Enumerated(b"BESs", b"In  "),
        b"TrnS": _contour(_STRAIGHT),
        b"antialiasGloss": Bool(False),
        b"Sftn": UnitFloat(0.0, Unit.Pixels),
        b"useShape": Bool(bevel.contour is not None),
        b"useTexture": Bool(bevel.texture is not None),
    }
    if bevel.contour is not None:
        curve, within = bevel.contour
        items |= {b"MpgS": _contour(curve), b"AntA": Bool(False), b"Inpr": percent(within)}
    if bevel.texture is not None:
        tile, depth = bevel.texture
        items |= {b"InvT": Bool(bevel.inverted), b"textureDepth": percent(depth), **tile_items(tile, 1.0)}
    return items


def _contour(points: Sequence[tuple[float, float]]) -> Descriptor:
    curve = [descriptor_of(b"CrPt", {b"Hrzn": Double(across), b"Vrtc": Double(up)}) for across, up in points]
    return descriptor_of(b"ShpC", {b"Nm  ": String("Custom\0"), b"Crv ": List(items=curve)})
