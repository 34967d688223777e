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
from data_pipeline.flatten.adjustments.change import Change
from data_pipeline.flatten.bake import OPAQUE, to_byte
from data_pipeline.flatten.blend import blend, mode_index
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.fragment import Fragment, lay_on
from data_pipeline.kernel import F32_2D, F32_3D, READ_F32_2D, READ_F32_3D, U8_3D, inlined, kernel
from schemas.stack import Box

_TILE_PX = 1024  # of a tile's side: what lies between takes 60 bytes a pixel
_ASKED_PX = 1 << 14

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
        return self._adjusted(picture, self.coverage.on(box))

    def at(self, pixels: np.ndarray, box: Box, chosen: np.ndarray) -> np.ndarray:
        """Pixels [n, 4] of a picture on `box`, those that the mask `chosen` is true at, adjusted."""
        return self._adjusted(pixels[np.newaxis], _share(self, box)[chosen][np.newaxis])[0]

    def _adjusted(self, picture: np.ndarray, share: np.ndarray) -> np.ndarray:
        adjusted = np.array(picture)
        _adjust(mode_index(self.mode), self.change(_straight(picture)), share, adjusted)
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

    def at(self, pixels: np.ndarray, box: Box, chosen: np.ndarray) -> np.ndarray:
        """Pixels [n, 4] of a picture on `box`, those that the mask `chosen` is true at, adjusted."""
        adjusted = pixels
        for one in self.inside:
            adjusted = one.at(adjusted, box, chosen)
        share = _share(self, box)[chosen][:, np.newaxis]
        faded: np.ndarray = pixels + share * (adjusted - pixels)
        return faded


def _share(adjustment: "Adjustment | Faded", box: Box) -> np.ndarray:
    """Its coverage on any box, 0 where it does not reach."""
    share = np.zeros(size(box), np.float32)
    part = intersect(box, adjustment.box)
    if part is not None:
        view(share, box, part)[...] = adjustment.coverage.on(part)
    return share


@inlined
def _unit(value: np.float32) -> np.float32:
    """Within [0, 1], which rounding may leave: outside, the formulas of blend modes may divide by zero."""
    return min(max(value, np.float32(0)), np.float32(1))


@kernel(types.void, READ_F32_3D, F32_3D)
def _unmultiply(picture: np.ndarray, rgb: np.ndarray) -> None:
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            a = picture[y, x, 3]
            for c in range(3):
                rgb[y, x, c] = _unit(picture[y, x, c] / a) if a > 0 else np.float32(0)


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
            r, g, b = _unit(picture[y, x, 0] / a), _unit(picture[y, x, 1] / a), _unit(picture[y, x, 2] / a)
            fr, fg, fb = blend(mode, r, g, b, changed[y, x, 0], changed[y, x, 1], changed[y, x, 2])
            picture[y, x, 0] = a * (r + m * (fr - r))
            picture[y, x, 1] = a * (g + m * (fg - g))
            picture[y, x, 2] = a * (b + m * (fb - b))


@inlined
def _raised(alpha: float, change: float, below: float, gap: float) -> float:
    """The alpha at which a colour at an end of [0, 1] is off by as much as the picture's alpha, over what lacks `gap`.

    Brighter by `change` than `below`, with white, at an alpha h it is off by change - h * (1 - below), and the picture
    by gap * (h - alpha); likewise with black. Where alpha already is enough, the result is no more.
    """
    span = 1 - below if change > 0 else below
    return (abs(change) + gap * alpha) / max(span + gap, 1e-9)


@kernel(types.float64, F32_3D, READ_F32_3D, READ_F32_2D, U8_3D, F32_2D)
def _recolour(
    below: np.ndarray, target: np.ndarray, coverage: np.ndarray, rgba: np.ndarray, alpha: np.ndarray
) -> float:
    """One layer, in place; `below` is the new picture beneath it and becomes the new picture with it.

    Returns the largest excess of the colours that were needed.
    """
    excess = 0.0
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            a = float(alpha[y, x])
            if a <= 0:
                continue
            if coverage[y, x] > 0:
                held, gap = a, max(0.0, 1.0 - below[y, x, 3])
                for c in range(3):
                    held = max(held, _raised(a, target[y, x, c] - below[y, x, c], below[y, x, c], gap))
                if held > a and gap <= 1 - OPAQUE:
                    held = math.ceil(held * 255 - 1e-6) / 255
                held = min(1.0, held)
                excess = max(excess, gap * (held - a))
                for c in range(3):
                    colour = (target[y, x, c] - (1 - held) * below[y, x, c]) / held
                    rgba[y, x, c] = to_byte(colour)
                    excess = max(excess, held * -colour, held * (colour - 1))
                alpha[y, x] = a = held
            for c in range(3):
                below[y, x, c] = a * (rgba[y, x, c] / 255) + (1 - a) * below[y, x, c]
            below[y, x, 3] = a + (1 - a) * below[y, x, 3]
    return excess


def recoloured(
    fragments: Sequence[Fragment], adjustment: Adjustment | Faded, ground: Ground, adjusted_ground: Ground
) -> list[Fragment]:
    """`fragments` lie on `ground`, and afterwards on `adjusted_ground`."""
    met = [adjustment.coverage.meets(fragment.box) and fragment.crop(adjustment.box) for fragment in fragments]
    result = [replace(one, rgba=one.rgba.copy(), alpha=np.array(one.exact_alpha())) if is_met else one
              for one, is_met in zip(fragments, met, strict=True)]  # fmt: skip
    errors, excesses = [0.0] * len(result), [0.0] * len(result)
    for tile in _tiles(adjustment.box):
        parts = [(k, part) for k, one in enumerate(result) if (part := one.crop(tile)) is not None]
        if not parts:
            continue
        before, after = np.array(ground(tile)), np.array(adjusted_ground(tile))
        for k, part in parts:
            picture, below = view(before, tile, part.box), view(after, tile, part.box)
            alpha = part.exact_alpha()
            soft = _some(alpha) & (alpha < 1) & (picture[..., 3] > 0) if met[k] else np.zeros(alpha.shape, np.bool_)
            inverted = _inverted(picture[soft])
            own = np.concatenate([part.rgba[soft][:, :3] / np.float32(255), alpha[soft][:, np.newaxis]], axis=1)
            lay_on(picture, part.rgba, alpha)
            target = adjustment.on(picture, part.box)
            coverage = adjustment.coverage.on(part.box) if met[k] else _none(part.box)
            excess = _recolour(below, target, coverage, part.rgba, alpha)  # in place: the part is a view of the result
            excesses[k] = max(excesses[k], excess)
            errors[k] += _error(adjustment, part, soft, own, inverted) * _step(alpha) ** 2
    return [_noted(*one) for one in zip(fragments, result, errors, excesses, strict=True)]


def _step(alpha: np.ndarray) -> int:
    """Of a large part only every so many rows and columns are asked how much they depend on the backdrop."""
    return max(1, int((alpha.size / _ASKED_PX) ** 0.5))


def _some(alpha: np.ndarray) -> np.ndarray:
    """Where a part paints, among the points that are asked."""
    step = _step(alpha)
    some = np.zeros(alpha.shape, np.bool_)
    some[::step, ::step] = alpha[::step, ::step] > 0
    return some


def _none(box: Box) -> np.ndarray:
    return np.broadcast_to(np.float32(0), size(box))


def _inverted(picture: np.ndarray) -> np.ndarray:
    """Premultiplied pixels [n, 4] of the inverted colour."""
    return np.concatenate([picture[:, 3:] - picture[:, :3], picture[:, 3:]], axis=1)


def _error(
    adjustment: Adjustment | Faded, part: Fragment, soft: np.ndarray, own: np.ndarray, below: np.ndarray
) -> float:
    """What the new colours of soft pixels give over the inverted backdrop, less what they ought to: the sum over them.

    `own` are their straight colours before, `below` the inverted backdrop, both float32 [n, 4].
    """
    if not len(own):
        return 0.0
    alpha = own[:, 3:]
    picture = np.concatenate([own[:, :3], np.ones_like(alpha)], axis=1) * alpha + (1 - alpha) * below
    ought, under = (adjustment.at(pixels, part.box, soft) for pixels in (picture, below))
    held = part.exact_alpha()[soft][:, np.newaxis]
    gives = held * (part.rgba[soft][:, :3] / np.float32(255)) + (1 - held) * under[:, :3]
    return float(np.abs(gives - ought[:, :3]).mean(axis=1).sum())


def _noted(old: Fragment, new: Fragment, error: float, excess: float) -> Fragment:
    """The fragment as it was where nothing changed; otherwise with what its record says of it."""
    if old is new:
        return old
    if np.array_equal(old.rgba, new.rgba) and np.array_equal(old.exact_alpha(), new.exact_alpha()):
        return old
    dependence = error / max(1, int(np.count_nonzero(new.exact_alpha())))
    dependence = max(old.backdrop_dependence, dependence)
    return replace(new, baked=True, backdrop_dependence=dependence, excess=max(old.excess, excess))


def _tiles(box: Box) -> list[Box]:
    height, width = size(box)
    lefts, tops = range(box[0], box[0] + width, _TILE_PX), range(box[1], box[1] + height, _TILE_PX)
    return [(x, y, min(x + _TILE_PX, box[2]), min(y + _TILE_PX, box[3])) for y in tops for x in lefts]
