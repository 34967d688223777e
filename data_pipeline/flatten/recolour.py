"""Layers, bottom to top, under an adjustment -> the same layers in colours that give the adjusted picture.

With P_k the picture of the lowest k layers and f the adjustment at its coverage, layer k gets the colour that makes
their new picture Q_k = f(P_k): (Q_k - (1 - a) * Q_(k-1)) / a, its own colour adjusted wherever it is opaque. Where no
colour does and what lies below is opaque, the layer's alpha rises until one does, as in `bake`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import types
from psd_tools.constants import BlendMode

from data_pipeline.boxes import intersect, size, view
from data_pipeline.flatten.adjustments import Change
from data_pipeline.flatten.bake import needed, to_byte
from data_pipeline.flatten.blend import blend, mode_index
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.kernel import F32_2D, F32_3D, READ_F32_2D, READ_F32_3D, U8_3D, kernel
from schemas.stack import Box

_OPAQUE = 1 - 1e-4
_TILE_PX = 1024  # of a tile's side: what lies between takes 60 bytes a pixel

Ground = Callable[[Box], np.ndarray]  # premultiplied float32 RGBA [height, width, 4] on a box


@dataclass(frozen=True, eq=False)
class Adjustment:
    """What an adjustment layer does, and how much of it, at every pixel of `box`."""

    change: Change
    mode: BlendMode
    coverage: Coverage
    box: Box

    def on(self, picture: np.ndarray, box: Box) -> np.ndarray:
        """A picture (premultiplied float32 RGBA) on `box`, adjusted."""
        adjusted = np.array(picture)
        changed = self.change(_straight(picture))
        _adjust(mode_index(self.mode), changed, self.coverage.on(box), adjusted)
        return adjusted


@dataclass(frozen=True, eq=False)
class Faded:
    """Adjustments inside a group, as they show through its masks and its opacity."""

    inside: Sequence["Adjustment | Faded"]
    coverage: Coverage
    box: Box

    def on(self, picture: np.ndarray, box: Box) -> np.ndarray:
        """A picture (premultiplied float32 RGBA) on `box`, adjusted."""
        adjusted = np.array(picture)
        for one in self.inside:
            part = intersect(box, one.box)
            if part is not None:
                place = view(adjusted, box, part)
                place[...] = one.on(place, part)
        share = self.coverage.on(box)[..., np.newaxis]
        faded: np.ndarray = picture + share * (adjusted - picture)
        return faded


@kernel(types.void, READ_F32_3D, F32_3D)
def _unmultiply(picture: np.ndarray, rgb: np.ndarray) -> None:
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            a = picture[y, x, 3]
            for c in range(3):
                rgb[y, x, c] = min(picture[y, x, c] / a, np.float32(1)) if a > 0 else np.float32(0)


def _straight(picture: np.ndarray) -> np.ndarray:
    rgb = np.empty((*picture.shape[:2], 3), np.float32)
    _unmultiply(picture, rgb)
    return rgb


@kernel(types.void, types.intp, READ_F32_3D, READ_F32_2D, F32_3D)
def _adjust(mode: int, changed: np.ndarray, coverage: np.ndarray, picture: np.ndarray) -> None:
    """In place: the picture's colour P becomes P + coverage * (blend(P, changed) - P)."""
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            a, m = picture[y, x, 3], coverage[y, x]
            if a <= 0 or m <= 0:
                continue
            r, g, b = picture[y, x, 0] / a, picture[y, x, 1] / a, picture[y, x, 2] / a
            fr, fg, fb = blend(mode, r, g, b, changed[y, x, 0], changed[y, x, 1], changed[y, x, 2])
            picture[y, x, 0] = a * (r + m * (fr - r))
            picture[y, x, 1] = a * (g + m * (fg - g))
            picture[y, x, 2] = a * (b + m * (fb - b))


@kernel(types.void, F32_3D, READ_F32_3D, READ_F32_2D, U8_3D, F32_2D)
def _recolour(below: np.ndarray, target: np.ndarray, coverage: np.ndarray, rgba: np.ndarray, alpha: np.ndarray) -> None:
    """One layer, in place; `below` is the new picture beneath it and becomes the new picture with it."""
    colour = np.zeros(3)
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            a = float(alpha[y, x])
            if a <= 0:
                continue
            if coverage[y, x] > 0:
                held = a
                if a < 1 and below[y, x, 3] >= _OPAQUE:
                    for c in range(3):
                        held = max(held, needed(target[y, x, c] - below[y, x, c], below[y, x, c]))
                    if held > a:
                        held = min(1.0, math.ceil(held * 255 - 1e-6) / 255)
                for c in range(3):
                    colour[c] = (target[y, x, c] - (1 - held) * below[y, x, c]) / held
                    rgba[y, x, c] = to_byte(colour[c])
                alpha[y, x] = a = held
            for c in range(3):
                below[y, x, c] = a * (rgba[y, x, c] / 255) + (1 - a) * below[y, x, c]
            below[y, x, 3] = a + (1 - a) * below[y, x, 3]


@kernel(types.void, F32_3D, READ_F32_2D, U8_3D)
def _lay_on(picture: np.ndarray, alpha: np.ndarray, rgba: np.ndarray) -> None:
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            a = alpha[y, x]
            if a > 0:
                for c in range(3):
                    picture[y, x, c] = a * (rgba[y, x, c] / np.float32(255)) + (1 - a) * picture[y, x, c]
                picture[y, x, 3] = a + (1 - a) * picture[y, x, 3]


def recoloured(
    fragments: Sequence[Fragment], adjustment: Adjustment | Faded, ground: Ground, adjusted_ground: Ground
) -> list[Fragment]:
    """`fragments` lie on `ground`, and afterwards on `adjusted_ground`."""
    result = []
    for fragment in fragments:
        if fragment.crop(adjustment.box) is None:
            result.append(fragment)
        else:
            alpha = np.array(fragment.exact_alpha())
            result.append(replace(fragment, rgba=fragment.rgba.copy(), alpha=alpha, baked=True))
    for tile in _tiles(adjustment.box):
        parts = [fragment.crop(tile) for fragment in result]
        if not any(parts):
            continue
        before, after = np.array(ground(tile)), np.array(adjusted_ground(tile))
        for part in parts:
            if part is None:
                continue
            assert part.alpha is not None, "every fragment that meets the adjustment has its own alpha"
            picture = view(before, tile, part.box)
            _lay_on(picture, part.alpha, part.rgba)
            target = adjustment.on(picture, part.box)
            coverage = adjustment.coverage.on(part.box)
            _recolour(view(after, tile, part.box), target, coverage, part.rgba, part.alpha)
    return result


def _tiles(box: Box) -> list[Box]:
    height, width = size(box)
    lefts, tops = range(box[0], box[0] + width, _TILE_PX), range(box[1], box[1] + height, _TILE_PX)
    return [(x, y, min(x + _TILE_PX, box[2]), min(y + _TILE_PX, box[3])) for y in tops for x in lefts]
