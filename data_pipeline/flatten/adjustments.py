"""An adjustment layer -> what it does to a colour.

psd-tools knows the formulas, measured against Photoshop: it draws each adjustment that treats the channels apart once,
on a ramp of all 256 values, and a kernel looks them up. What mixes the channels is drawn by it pixel by pixel.
"""

from collections.abc import Callable

import numpy as np
from numba import types
from psd_tools.api.layers import Layer
from psd_tools.composite.adjustments import ADJUSTMENT_FUNC
from psd_tools.constants import ColorMode

from data_pipeline.colour import ColourSpace, to_rgb
from data_pipeline.kernel import F32_3D, READ_F32_3D, kernel
from data_pipeline.tagged_blocks import UNREADABLE, parse

# float32 [height, width, 3] of straight colours in [0, 1] -> the same, adjusted
Change = Callable[[np.ndarray], np.ndarray]

_BY_CHANNEL = ("brightnesscontrast", "curves", "exposure", "invert", "levels", "posterize")
_BY_PIXEL = ("huesaturation", "threshold")
_BAND_PX = 1 << 16  # handed to psd-tools at a time


@kernel(types.void, READ_F32_3D, types.Array(types.float32, 2, "C", readonly=True), F32_3D)
def _look_up(rgb: np.ndarray, tables: np.ndarray, out: np.ndarray) -> None:
    """`tables` is [3, 256]; a colour is rounded to the 8 bits that Photoshop would hold."""
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            for c in range(3):
                value = min(max(rgb[y, x, c], np.float32(0)), np.float32(1))
                out[y, x, c] = tables[c, int(value * np.float32(255) + np.float32(0.5))]


def read_change(layer: Layer, space: ColourSpace) -> Change | None:
    """None where the adjustment cannot be read, is of a kind that is not drawn, or not drawn in the document's mode."""
    drawn = {ColorMode.RGB: (*_BY_CHANNEL, *_BY_PIXEL), ColorMode.GRAYSCALE: _BY_CHANNEL}
    if layer.kind not in drawn.get(space.mode, ()):
        return None
    key = type(layer)._KEY
    parse(layer.tagged_blocks, key)
    layer._data = layer.tagged_blocks.get_data(key)
    if layer.kind != "invert" and (layer._data is None or isinstance(layer._data, bytes)):
        return None
    if layer.kind == "brightnesscontrast" and layer.use_legacy:
        return None
    try:
        return _by_channel(layer, space) if layer.kind in _BY_CHANNEL else _by_pixel(layer)
    except UNREADABLE:
        return None


def _by_channel(layer: Layer, space: ColourSpace) -> Change | None:
    count = ColorMode.channels(space.mode)
    # A little above each value, so that what rounds it down finds it again; to invert it, nothing is rounded.
    above = 0.0 if layer.kind == "invert" else 1e-3
    ramp = np.repeat((np.arange(256, dtype=np.float32) + above)[:, np.newaxis, np.newaxis] / 255, count, axis=2)
    drawn = np.clip(ADJUSTMENT_FUNC[layer.kind](ramp, space.mode, layer)[:, 0].T, 0, 1)
    if not np.isfinite(drawn).all():
        return None
    tables = np.ascontiguousarray(_in_rgb(drawn[0], space) if count == 1 else drawn, np.float32)

    def change(rgb: np.ndarray) -> np.ndarray:
        out = np.empty(rgb.shape, np.float32)
        _look_up(rgb, tables, out)
        return out

    return change


def _in_rgb(table: np.ndarray, space: ColourSpace) -> np.ndarray:
    """A table of the document's greys as three of the RGB that they have become."""
    greys = np.arange(256, dtype=np.uint8)
    rgb = to_rgb(space, [greys[np.newaxis]])[0].astype(np.float32)
    tables = []
    for channel in rgb.T:
        grey = np.rint(np.interp(greys, channel, greys)).astype(np.intp)
        tables.append(np.interp(table[grey] * 255, greys, channel) / 255)
    return np.array(tables)


def _by_pixel(layer: Layer) -> Change | None:
    def change(rgb: np.ndarray) -> np.ndarray:
        step = max(1, _BAND_PX // rgb.shape[1])
        bands = (rgb[top : top + step] for top in range(0, rgb.shape[0], step))
        drawn = [ADJUSTMENT_FUNC[layer.kind](band, ColorMode.RGB, layer) for band in bands]
        return np.clip(np.concatenate(drawn), 0, 1).astype(np.float32)

    change(np.full((1, 1, 3), 0.5, np.float32))  # what cannot be drawn is told here
    return change
