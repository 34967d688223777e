"""An adjustment layer -> what it does to a colour.

What psd-tools draws as Photoshop does is left to it: each adjustment that treats the channels apart is drawn once, on
a ramp of all 256 values, and a kernel looks them up. The rest has a file of its own, which says where its formula
comes from and what of it is measured.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from psd_tools.api import adjustments
from psd_tools.api.layers import AdjustmentLayer, Layer
from psd_tools.composite.adjustments import ADJUSTMENT_FUNC
from psd_tools.constants import ColorMode, Tag
from psd_tools.psd.adjustments import BrightnessContrast, PhotoFilter

from data_pipeline.colour import ColourSpace, to_rgb
from data_pipeline.flatten.adjustments.black_white import black_white
from data_pipeline.flatten.adjustments.brightness import brightness_table, legacy_table
from data_pipeline.flatten.adjustments.change import Change, by_luminosity, by_tables
from data_pipeline.flatten.adjustments.channel_mixer import channel_mixer
from data_pipeline.flatten.adjustments.colour_balance import colour_balance_tables
from data_pipeline.flatten.adjustments.colour_lookup import colour_lookup
from data_pipeline.flatten.adjustments.curves import curve_tables
from data_pipeline.flatten.adjustments.gradient_map import gradient_map
from data_pipeline.flatten.adjustments.hue_saturation import hue_saturation
from data_pipeline.flatten.adjustments.photo_filter import photo_filter
from data_pipeline.flatten.adjustments.planes import by_plane_tables, ink_mixer
from data_pipeline.flatten.adjustments.selective_colour import selective_colour
from data_pipeline.flatten.adjustments.vibrance import vibrance
from data_pipeline.tagged_blocks import UNREADABLE, parse

_ADJUSTMENTS = frozenset(
    kind.__name__.lower() for kind in adjustments.TYPES.values() if issubclass(kind, AdjustmentLayer)
)
_RAMPED = ("exposure", "invert", "levels", "posterize", "threshold")  # drawn by psd-tools
_OF_RGB = ("blackandwhite", "exposure", "vibrance")  # Photoshop greys them out in other modes
_OF_INKS = ("channelmixer", "gradientmap", "selectivecolor")  # and these in Lab
_PLANE_NAMES = {ColorMode.CMYK: "cmyk", ColorMode.LAB: "lab"}
_NEUTRAL = 128 / 255  # of the colour axes of Lab
_MIXED: Mapping[str, Callable[[Any], Change]] = {
    "blackandwhite": black_white,
    "channelmixer": channel_mixer,
    "colorbalance": lambda settings: by_tables(colour_balance_tables(settings)),
    "colorlookup": colour_lookup,
    "gradientmap": gradient_map,
    "huesaturation": hue_saturation,
    "photofilter": photo_filter,
    "selectivecolor": selective_colour,
    "vibrance": vibrance,
}


def adjustment_kind(layer: Layer) -> str | None:
    """psd-tools' name of an adjustment layer's kind; None where the layer is another one.

    What CS2 and before wrote as Brightness/Contrast is a layer without pixels to psd-tools.
    """
    if layer.kind in _ADJUSTMENTS:
        return str(layer.kind)
    return "brightnesscontrast" if Tag.BRIGHTNESS_AND_CONTRAST in layer.tagged_blocks else None


def unmeasured_adjustments(layer: Layer, space: ColourSpace) -> list[str]:
    """The names of what is drawn of an adjustment layer and was not measured on any picture of Photoshop's."""
    names = [f"adjustment_in_{_PLANE_NAMES[space.mode]}"] if space.mode in _PLANE_NAMES else []
    if isinstance(settings := _settings(layer), PhotoFilter) and settings.version == 3:
        names.append("photo_filter_of_xyz")
    return names


def read_change(layer: Layer, space: ColourSpace) -> Change | None:
    """None where the adjustment cannot be read, is of a kind that is not drawn, or not drawn in the document's mode."""
    kind = adjustment_kind(layer)
    settings = _settings(layer)
    if kind is None or settings is None:
        return None
    try:
        with np.errstate(all="ignore"):  # what is not finite is told by the result
            if space.mode in _PLANE_NAMES:
                return _in_planes(layer, kind, settings, space)
            if space.mode not in (ColorMode.RGB, ColorMode.GRAYSCALE):
                return None
            if kind == "brightnesscontrast":
                return _of_channels(_brightness(settings)[np.newaxis], space)
            if kind == "curves":
                return _of_channels(curve_tables(settings, ColorMode.channels(space.mode)), space)
            if kind == "threshold" and space.mode == ColorMode.RGB:
                table = _ramped(layer, kind, ColorMode.GRAYSCALE)[0]
                return by_luminosity(np.repeat(table[:, np.newaxis], 3, axis=1))
            if kind in _RAMPED:
                return _of_channels(_ramped(layer, kind, space.mode), space)
            return _MIXED[kind](settings) if space.mode == ColorMode.RGB else None  # Photoshop has them for colours
    except UNREADABLE:
        return None


def _in_planes(layer: Layer, kind: str, settings: Any, space: ColourSpace) -> Change | None:
    """In a CMYK or Lab document; what mixes colours and not channels is drawn in RGB. Raises as what it calls."""
    is_lab, channels = space.mode == ColorMode.LAB, ColorMode.channels(space.mode)
    if kind in _OF_RGB or (is_lab and kind in _OF_INKS):
        return None
    if kind == "threshold":
        table = _ramped(layer, kind, ColorMode.GRAYSCALE)[0]
        if not is_lab:
            return by_luminosity(np.repeat(table[:, np.newaxis], 3, axis=1))
        return by_plane_tables(np.stack([table, np.full(256, _NEUTRAL), np.full(256, _NEUTRAL)]), space)
    if kind == "brightnesscontrast":
        tables = np.tile(np.arange(256) / 255, (channels, 1))
        tables[: 1 if is_lab else channels] = _brightness(settings)
        return by_plane_tables(tables, space)
    if kind == "curves":
        return by_plane_tables(curve_tables(settings, channels), space)
    if kind in _RAMPED:
        return by_plane_tables(_ramped(layer, kind, space.mode), space)
    return ink_mixer(settings, space) if kind == "channelmixer" else _MIXED[kind](settings)


def _settings(layer: Layer) -> Any:
    """The layer's own block, parsed, which psd-tools' functions find in the layer; None where it cannot be."""
    key = Tag.BRIGHTNESS_AND_CONTRAST if layer.kind not in _ADJUSTMENTS else type(layer)._KEY
    if key not in layer.tagged_blocks:
        return None
    parse(layer.tagged_blocks, key)
    settings = layer.tagged_blocks.get_data(key)
    if layer.kind in _ADJUSTMENTS:
        layer._data = settings
    if layer.kind == "invert":  # an empty block
        return layer
    return None if isinstance(settings, bytes) else settings


def _brightness(settings: Any) -> np.ndarray:
    if not isinstance(settings, BrightnessContrast):
        return brightness_table(settings)
    brightness, contrast, mean = np.array([settings.brightness, settings.contrast, settings.mean], np.uint16)
    return legacy_table(float(brightness.view(np.int16)), float(contrast.view(np.int16)), float(mean))


def _ramped(layer: Layer, kind: str, mode: ColorMode) -> np.ndarray:
    """What psd-tools makes of all values, [channels, 256]."""
    count = ColorMode.channels(mode)
    # A little above each value, so that what rounds it down finds it again; to invert it, nothing is rounded.
    above = 0.0 if kind == "invert" else 1e-3
    ramp = np.repeat((np.arange(256, dtype=np.float32) + above)[:, np.newaxis, np.newaxis] / 255, count, axis=2)
    return np.clip(ADJUSTMENT_FUNC[kind](ramp, mode, layer)[:, 0].T, 0, 1)


def _of_channels(tables: np.ndarray, space: ColourSpace) -> Change:
    """`tables` are [channels of the document or 1, 256] in [0, 1]. Raises ValueError where they are not finite."""
    if space.mode == ColorMode.GRAYSCALE:
        return by_tables(_in_rgb(tables[0], space))
    return by_tables(np.broadcast_to(tables, (3, 256)))


def _in_rgb(table: np.ndarray, space: ColourSpace) -> np.ndarray:
    """A table of the document's greys as three of the RGB that they have become."""
    greys = np.arange(256, dtype=np.uint8)
    rgb = to_rgb(space, [greys[np.newaxis]])[0].astype(np.float32)
    tables = []
    for channel in rgb.T:
        grey = np.rint(np.interp(greys, channel, greys)).astype(np.intp)
        tables.append(np.interp(table[grey] * 255, greys, channel) / 255)
    return np.array(tables)
