"""A layer with blend-if ranges -> the same, faded where its own colour or the one below it lies outside them.

Each of grey and the three channels has a range for "This Layer" and one for "Underlying Layer", with a black slider and
a white one; a split slider is a linear ramp between its halves. All that a pixel meets is multiplied. The formulas are
Adobe's description of the sliders: no picture of Photoshop's was at hand to measure them on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import types
from psd_tools.api.layers import AdjustmentLayer, Layer
from psd_tools.constants import BlendMode, ColorMode

from data_pipeline.boxes import size, union
from data_pipeline.flatten.backdrop import Backdrop, merged
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.weights import scale
from data_pipeline.kernel import F32_2D, READ_F32_2D, READ_F32_3D, READ_U8_3D, inlined, kernel

_FULL = (0, 65535)
_GREY_AND_RGB = 4


@dataclass(frozen=True, eq=False)
class BlendIf:
    """What is left at each value: float32 [4, 256] for grey, red, green and blue; None where all is."""

    own: np.ndarray | None
    below: np.ndarray | None


def has_ranges(layer: Layer) -> bool:
    """Whether any range is other than full."""
    return any(tuple(half) != _FULL for pair in _pairs(layer) for half in pair)


def blend_if_of(layer: Layer) -> BlendIf | None:
    """The ranges of a layer without effects, a knockout and what is clipped to it; None where it has none that can be
    drawn: those of adjustment layers and pass-through groups, of documents that are not RGB, and sliders out of order.
    """
    if not has_ranges(layer) or layer._psd.color_mode != ColorMode.RGB:
        return None
    if isinstance(layer, AdjustmentLayer) or (layer.is_group() and layer.blend_mode == BlendMode.PASS_THROUGH):
        return None
    pairs = _pairs(layer)
    if any(tuple(half) != _FULL for pair in pairs[_GREY_AND_RGB:] for half in pair):
        return None
    pairs = [*pairs, *[(_FULL, _FULL)] * _GREY_AND_RGB][:_GREY_AND_RGB]
    if not all(_is_ordered(half) for pair in pairs for half in pair):
        return None
    return BlendIf(*(_tables([pair[k] for pair in pairs]) for k in (0, 1)))


def within_ranges(own: Sequence[Fragment], ranges: BlendIf, backdrop: Backdrop) -> list[Fragment]:
    """The fragments, faded together: one weight for every pixel of the layer's picture."""
    parts = [part for part in (fragment.crop(backdrop.box) for fragment in own) if part is not None]
    if not parts:
        return []
    whole = parts[0] if len(parts) == 1 else merged(parts)
    if ranges.own is not None:
        left = np.empty(size(whole.box), np.float32)
        _left_by_own(whole.rgba, ranges.own, left)
        parts = scale(parts, Coverage(0.0, whole.box, left))
    if ranges.below is None:
        return parts
    left = np.empty(size(whole.box), np.float32)
    alpha = merged(parts).exact_alpha() if len(parts) > 1 else parts[0].exact_alpha()
    picture = backdrop.picture(union(part.box for part in parts))
    dependence = _left_by_below(whole.rgba, alpha, picture, ranges.below, left)
    faded = scale(parts, Coverage(0.0, whole.box, left))
    return [replace(part, baked=True, backdrop_dependence=max(part.backdrop_dependence, dependence)) for part in faded]


def _pairs(layer: Layer) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """(this layer, underlying layer) of grey and of each channel, as 16-bit words of a black and a white slider."""
    ranges = layer._record.blending_ranges
    return [pair for pair in (ranges.composite_ranges, *(ranges.channel_ranges or ())) if pair is not None]


def _sliders(words: tuple[int, int]) -> tuple[int, int, int, int]:
    """The two halves of the black slider and of the white one: the bytes of the words, in their order in the file."""
    black, white = words
    return black >> 8, black & 255, white >> 8, white & 255


def _is_ordered(words: tuple[int, int]) -> bool:
    sliders = _sliders(words)
    return list(sliders) == sorted(sliders)


def _tables(every: Sequence[tuple[int, int]]) -> np.ndarray | None:
    if all(tuple(words) == _FULL for words in every):
        return None
    return np.stack([_table(*_sliders(words)) for words in every])


def _table(black_low: int, black_high: int, white_low: int, white_high: int) -> np.ndarray:
    """float32 [256]: 0 below the black slider, 1 between the two, 0 above the white one."""
    value = np.arange(256, dtype=np.float32)
    rising = (value - black_low) / max(black_high - black_low, 1)
    falling = (white_high - value) / max(white_high - white_low, 1)
    rising = np.where(value >= black_high, np.float32(1), np.maximum(rising, 0))
    falling = np.where(value <= white_low, np.float32(1), np.maximum(falling, 0))
    table: np.ndarray = (rising * falling).astype(np.float32)
    return table


@inlined
def _left(r: int, g: int, b: int, tables: np.ndarray) -> float:
    grey = int(0.3 * r + 0.59 * g + 0.11 * b + 0.5)
    return float(tables[0, grey] * tables[1, r] * tables[2, g] * tables[3, b])


@kernel(types.void, READ_U8_3D, READ_F32_2D, F32_2D)
def _left_by_own(rgba: np.ndarray, tables: np.ndarray, left: np.ndarray) -> None:
    for y in range(left.shape[0]):
        for x in range(left.shape[1]):
            left[y, x] = _left(int(rgba[y, x, 0]), int(rgba[y, x, 1]), int(rgba[y, x, 2]), tables)


@kernel(types.float64, READ_U8_3D, READ_F32_2D, READ_F32_3D, READ_F32_2D, F32_2D)
def _left_by_below(
    rgba: np.ndarray, alpha: np.ndarray, backdrop: np.ndarray, tables: np.ndarray, left: np.ndarray
) -> float:
    """Returns the mean error on the inverted backdrop. A backdrop fades a layer by no more than its own alpha."""
    error_sum, visible_px = 0.0, 0
    for y in range(left.shape[0]):
        for x in range(left.shape[1]):
            left[y, x] = 1
            b, a = min(1.0, float(backdrop[y, x, 3])), float(alpha[y, x])
            if a <= 0:
                continue
            visible_px += 1
            if b <= 0:
                continue
            br = int(min(1.0, max(0.0, backdrop[y, x, 0] / b)) * 255 + 0.5)
            bg = int(min(1.0, max(0.0, backdrop[y, x, 1] / b)) * 255 + 0.5)
            bb = int(min(1.0, max(0.0, backdrop[y, x, 2] / b)) * 255 + 0.5)
            own = _left(br, bg, bb, tables)
            other = _left(255 - br, 255 - bg, 255 - bb, tables)
            left[y, x] = 1 - b * (1 - own)
            apart = abs(rgba[y, x, 0] - (255.0 - br)) + abs(rgba[y, x, 1] - (255.0 - bg))
            error_sum += a * b * abs(own - other) * (apart + abs(rgba[y, x, 2] - (255.0 - bb))) / 765
    return error_sum / visible_px if visible_px else 0.0
