"""Pixels and boxes in, the words for their colour and place out."""

import numpy as np
from numba import types

from data_pipeline.kernel import READ_U8_3D, kernel
from schemas.stack import Box

_SAMPLES = 1 << 12  # pixels looked at, on a regular grid
_SHARE = 0.6  # of the solid pixels that a colour must have to name the whole

_GREYS = ("black", "dark grey", "grey", "light grey", "white")
_HUES = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
_SHADES = ("dark ", "", "light ")
_NAMES = _GREYS + tuple(shade + hue for hue in _HUES for shade in _SHADES)
_SAID = {"dark orange": "brown", "dark yellow": "olive", "dark cyan": "teal", "light red": "pink"}


def colour_name(rgba: np.ndarray) -> str:
    """The colour of most solid pixels of uint8 RGBA [h, w, 4]; empty where there is no such colour."""
    step = max(int(np.sqrt(rgba.shape[0] * rgba.shape[1] / _SAMPLES)), 1)
    counts = _count(rgba[::step, ::step], len(_NAMES))
    best = int(np.argmax(counts))
    if counts[best] == 0 or counts[best] < _SHARE * counts.sum():
        return ""
    return _SAID.get(_NAMES[best], _NAMES[best])


def place(box: Box, width: int, height: int) -> str:
    """`at the top left`, `across the bottom`, ... of a canvas."""
    wide, tall = box[2] - box[0] > 0.8 * width, box[3] - box[1] > 0.8 * height
    column = ("left", "", "right")[_third(box[0] + box[2], width)]
    row = ("top", "", "bottom")[_third(box[1] + box[3], height)]
    if wide and tall:
        return "filling the picture"
    if wide:
        return f"across the {row or 'middle'}"
    if tall:
        return f"along the {column} side" if column else "down the middle"
    where = " ".join(part for part in (row, column) if part)
    return f"at the {where}" if where else "in the centre"


def fills(box: Box, width: int, height: int) -> bool:
    """Whether it covers nearly all of the canvas."""
    return (box[2] - box[0]) * (box[3] - box[1]) >= 0.9 * width * height


def _third(twice_centre: int, side: int) -> int:
    return min(max(3 * twice_centre // (2 * side), 0), 2)


@kernel(types.int64[::1], READ_U8_3D, types.int64)
def _count(rgba: np.ndarray, names: int) -> np.ndarray:
    """Solid pixels (alpha of at least one half) by colour name, in integers."""
    counts = np.zeros(names, np.int64)
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            if rgba[y, x, 3] < 128:
                continue
            red, green, blue = np.int64(rgba[y, x, 0]), np.int64(rgba[y, x, 1]), np.int64(rgba[y, x, 2])
            high, low = max(red, green, blue), min(red, green, blue)
            chroma = high - low
            if chroma < 24 or 5 * chroma < high:
                grey = (2 * red + 5 * green + blue) // 8
                counts[0 if grey < 40 else 1 if grey < 96 else 2 if grey < 160 else 3 if grey < 236 else 4] += 1
                continue
            if high == red:
                hue = (60 * (green - blue)) // chroma
            elif high == green:
                hue = 120 + (60 * (blue - red)) // chroma
            else:
                hue = 240 + (60 * (red - green)) // chroma
            hue %= 360
            if hue < 15 or hue >= 345:
                name = 0
            elif hue < 42:
                name = 1
            elif hue < 68:
                name = 2
            elif hue < 165:
                name = 3
            elif hue < 192:
                name = 4
            elif hue < 258:
                name = 5
            elif hue < 306:
                name = 6
            else:
                name = 7
            shade = 0 if high < 144 else 2 if low > 128 else 1
            counts[5 + 3 * name + shade] += 1
    return counts
