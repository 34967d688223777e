"""The effects of a layer as Photoshop 5 and 6 stored them -> the descriptors that later versions store.

Lengths, angles and strengths are fixed point, 16.16, opacities bytes (Adobe's file format specification, "Effects
Layer"). Later versions write both forms: on all 182 layers at hand that have both, what Photoshop wrote agrees, but
for what the old form does not hold: spread, range, a bevel of more than 50 px or more than 20 px high. No picture at
hand was painted from the old form alone: that an intensity is a spread is but what took its place in the dialog.
"""

from collections.abc import Iterator
from typing import Any

from psd_tools.api._descriptor import DESCRIPTOR_BLEND_MODES
from psd_tools.api.effects import BevelEmboss, ColorOverlay, DropShadow, InnerGlow, InnerShadow, OuterGlow, _Effect
from psd_tools.api.layers import Layer
from psd_tools.constants import BevelStyle, BlendMode, ColorSpaceID, EffectOSType, Tag
from psd_tools.psd.color import Color
from psd_tools.psd.descriptor import Bool, Descriptor, Double, Enumerated
from psd_tools.psd.effects_layer import (
    BevelInfo,
    EffectsLayer,
    InnerGlowInfo,
    OuterGlowInfo,
    ShadowInfo,
    SolidFillInfo,
)
from psd_tools.terminology import Enum, Key, Klass

from data_pipeline.tagged_blocks import parse

_KINDS = {
    EffectOSType.DROP_SHADOW: DropShadow,
    EffectOSType.INNER_SHADOW: InnerShadow,
    EffectOSType.OUTER_GLOW: OuterGlow,
    EffectOSType.INNER_GLOW: InnerGlow,
    EffectOSType.BEVEL: BevelEmboss,
    EffectOSType.SOLID_FILL: ColorOverlay,
}
_MODES = {mode: code for code, mode in reversed(DESCRIPTOR_BLEND_MODES.items())}
_STYLES = dict(enumerate(BevelStyle, 1))
_HALVED = (BevelStyle.EMBOSS, BevelStyle.PILLOW_EMBOSS, BevelStyle.STROKE_EMBOSS)
_RANGE = 50.0  # percent: a glow's, where none is stored
# Of a colour's space: the descriptor's class, and for each number its key, how much 1 in the descriptor is in the file,
# and where it begins.
_COLOURS = {
    ColorSpaceID.RGB: (Klass.RGBColor, ((Key.Red, 257, 0), (Key.Green, 257, 0), (Key.Blue, 257, 0))),
    ColorSpaceID.HSB: (
        Klass.HSBColor,
        ((Key.Hue, 65535 / 360, 0), (Key.Saturation, 655.35, 0), (Key.Brightness, 655.35, 0)),
    ),
    ColorSpaceID.CMYK: (
        Klass.CMYKColor,
        tuple((key, -655.35, 65535) for key in (Key.Cyan, Key.Magenta, Key.Yellow, Key.Black)),
    ),
    ColorSpaceID.LAB: (Klass.LabColor, ((Key.Luminance, 100, 0), (Key.A, 100, 0), (Key.B, 100, 0))),
}


def old_effects(layer: Layer) -> list[_Effect]:
    """The layer's effects, enabled or not, as psd-tools knows those of later versions."""
    parse(layer.tagged_blocks, Tag.EFFECTS_LAYER)
    effects = layer.tagged_blocks.get_data(Tag.EFFECTS_LAYER)
    if not isinstance(effects, EffectsLayer):
        return []
    return [
        _KINDS[kind](_descriptor(info), layer._psd.image_resources) for kind, info in effects.items() if kind in _KINDS
    ]


def _descriptor(info: Any) -> Descriptor:
    items = {Key.Enabled: Bool(bool(info.enabled)), b"present": Bool(True)}
    match info:
        case ShadowInfo():
            items |= _paint(info) | _softness(info) | _light(info)
            items |= {Key.Distance: _fixed(info.distance), b"layerConceals": Bool(True)}
        case OuterGlowInfo():
            items |= _paint(info) | _softness(info) | {Key.InputRange: Double(_RANGE)}
        case InnerGlowInfo():
            source = Enum.CenterGlow if info.invert == 0 else Enum.EdgeGlow
            items |= _paint(info) | _softness(info) | {Key.InputRange: Double(_RANGE)}
            items[Key.InnerGlowSource] = Enumerated(b"IGSr", source)
        case BevelInfo():
            items |= _light(info) | dict(_bevel(info))
        case SolidFillInfo():
            items |= _paint(info)
    return Descriptor(items=list(items.items()))


def _paint(info: ShadowInfo | OuterGlowInfo | InnerGlowInfo | SolidFillInfo) -> dict[bytes, Any]:
    return {Key.Mode: _mode(info.blend_mode), Key.Opacity: _percent(info.opacity), **_colour(Key.Color, info.color)}


def _softness(info: ShadowInfo | OuterGlowInfo | InnerGlowInfo) -> dict[bytes, Any]:
    spread = min(_fixed(info.intensity), 100.0)
    return {Key.Blur: _fixed(info.blur), Key.ChokeMatte: Double(spread)}


def _light(info: ShadowInfo | BevelInfo) -> dict[bytes, Any]:
    return {
        Key.UseGlobalAngle: Bool(bool(info.use_global_angle)),
        Key.LocalLightingAngle: _fixed(info.angle),
    }


def _bevel(info: BevelInfo) -> Iterator[tuple[bytes, Any]]:
    """Always smooth. Its strength is its height in pixels; of an emboss half the size is stored."""
    style = _STYLES.get(info.bevel_style)
    depth = 100 * info.depth / info.blur if info.blur else 100.0
    yield Key.BevelStyle, Enumerated(b"BESl", b"" if style is None else style.value)
    yield Key.BevelTechnique, Enumerated(b"bvlT", Enum.SoftMatte)
    yield Key.BevelDirection, Enumerated(b"BESs", Enum.StampOut if info.direction else Enum.StampIn)
    yield Key.Blur, Double(_fixed(info.blur) * (2 if style in _HALVED else 1))
    yield Key.StrengthRatio, Double(depth)
    yield Key.HighlightMode, _mode(info.highlight_blend_mode)
    yield Key.HighlightOpacity, _percent(info.highlight_opacity)
    yield Key.ShadowMode, _mode(info.shadow_blend_mode)
    yield Key.ShadowOpacity, _percent(info.shadow_opacity)
    yield from _colour(Key.HighlightColor, info.highlight_color).items()
    yield from _colour(Key.ShadowColor, info.shadow_color).items()


def _fixed(value: int) -> Double:
    return Double(value / 65536)


def _percent(byte: int) -> Double:
    return Double(float(round(byte * 100 / 255)))


def _mode(mode: BlendMode) -> Enumerated:
    return Enumerated(b"BlnM", _MODES.get(mode, Enum.Normal))


def _colour(key: bytes, colour: Color) -> dict[bytes, Descriptor]:
    """Empty in another space, grey among them, whose direction Adobe leaves open: what it paints cannot be read."""
    if colour.id not in _COLOURS:
        return {}
    class_id, parts = _COLOURS[ColorSpaceID(colour.id)]
    numbers = zip(parts, colour.values, strict=False)  # four are stored of every colour
    items = [(part, Double((value - start) / unit)) for (part, unit, start), value in numbers]
    return {key: Descriptor(classID=class_id, items=items)}
