"""The rule of weights: nested Normal content -> plain layers that give the same picture.

Inside a group each colour k enters the result with a weight w_k and the backdrop with 1 - sum(w). Plain
layers of the same colours with alpha_k = w_k / (1 - sum of w_j above k) give that picture over any
backdrop. Scaling the weights by masks, opacities and clipping therefore never needs a group flattened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numba import types

from data_pipeline.boxes import size, union, view
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.kernel import NO_PLANE, PLANE, READ_PLANE, kernel
from schemas.stack import Box

NOTHING = np.float32(1e-6)  # a denominator of less is 0 up to rounding


@kernel(types.void, READ_PLANE, READ_PLANE, READ_PLANE, PLANE, PLANE, types.intp, types.intp, PLANE)
def _reweigh(
    alpha: np.ndarray,
    beside: np.ndarray,
    factor: np.ndarray,
    transmitted: np.ndarray,
    weight_above: np.ndarray,
    top: int,
    left: int,
    out: np.ndarray,
) -> None:
    """One layer, from the top down: w = factor * transmitted * alpha + beside; out = w / (1 - weight_above).

    `alpha` and `out` are on the layer's box, which begins at row `top` and column `left` of the others.
    `beside` is on the layer's box too, or empty where there is none.
    """
    zero, one = np.float32(0), np.float32(1)
    width = alpha.shape[1]
    for y in range(alpha.shape[0]):
        own, result = alpha[y], out[y]
        share = factor[top + y, left : left + width]
        light = transmitted[top + y, left : left + width]
        above = weight_above[top + y, left : left + width]
        for x in range(len(own)):
            a = own[x]
            room = one - above[x]
            room = room if room > zero else zero
            w = share[x] * light[x] * a
            if beside.size:
                w += beside[y, x]
            w = w if w < room else room
            # Where nothing shows through, any alpha is right; its own punches no needless hole.
            result[x] = w / (room if room > NOTHING else one) if room > NOTHING else a
            above[x] += w
            light[x] *= one - a


def scale(fragments: Sequence[Fragment], coverage: Coverage) -> list[Fragment]:
    """A group's fragments, bottom to top, as they stand in the group's parent at this coverage."""
    if coverage.is_full or not fragments:
        return list(fragments)
    if len(fragments) == 1:  # nothing above it, so its alpha is its weight
        (only,) = fragments
        return [replace(only, alpha=only.exact_alpha() * coverage.on(only.box))]
    box = union(fragment.box for fragment in fragments)
    transmitted = np.ones(size(box), np.float32)
    weight_above = np.zeros(size(box), np.float32)
    return _from_the_top(fragments, box, coverage.on(box), transmitted, weight_above)


def clip(
    base: Sequence[Fragment],
    clipped: Sequence[Fragment],
    region: Sequence[Fragment],
    beside: Mapping[tuple[int, ...], np.ndarray] = MappingProxyType({}),
) -> list[Fragment]:
    """A clipping group: `clipped` replace the colours of `base` within the alpha of `region`.

    `region` is the base before its fill opacity, which fades the base's own paint and not what is
    clipped to it; usually it is `base` itself. Counted from the top down: w = region * a * (1 - a above)
    for a clipped layer, w = base * product of (1 - a) for the base. `beside`, by layer ids, is the
    weight that a stroke has next to the region.
    """
    box = union(part.box for part in (*base, *region, *(part for part in clipped if part.layer_ids in beside)))
    clipped = [part for part in (fragment.crop(box) for fragment in clipped) if part is not None]
    if not clipped:
        return list(base)
    uncovered = np.ones(size(box), np.float32)
    weight_above = np.zeros(size(box), np.float32)
    above = _from_the_top(clipped, box, total_alpha(region, box), uncovered, weight_above, beside)
    below = _from_the_top(base, box, uncovered.copy(), np.ones(size(box), np.float32), weight_above)
    return below + above


def erase(fragments: Sequence[Fragment], coverage: Coverage) -> list[Fragment]:
    """What a knockout leaves of the fragments below it: their weights times 1 - coverage."""
    met = [coverage.meets(fragment.box) for fragment in fragments]
    erased = iter(scale([one for one, is_met in zip(fragments, met, strict=True) if is_met], coverage.inverse()))
    return [next(erased) if is_met else one for one, is_met in zip(fragments, met, strict=True)]


def total_alpha(fragments: Sequence[Fragment], box: Box) -> np.ndarray:
    """The alpha of the fragments together, float32 on `box`."""
    transmitted = np.ones(size(box), np.float32)
    for fragment in fragments:
        part = fragment.crop(box)
        if part is not None:
            view(transmitted, box, part.box)[...] *= 1 - part.exact_alpha()
    return 1 - transmitted


def _from_the_top(
    fragments: Sequence[Fragment],
    box: Box,
    factor: np.ndarray,
    transmitted: np.ndarray,
    weight_above: np.ndarray,
    beside: Mapping[tuple[int, ...], np.ndarray] = MappingProxyType({}),
) -> list[Fragment]:
    result = []
    factor = np.ascontiguousarray(factor)
    for fragment in reversed(fragments):
        out = np.empty(size(fragment.box), np.float32)
        alpha = np.ascontiguousarray(fragment.exact_alpha())
        extra = np.ascontiguousarray(beside.get(fragment.layer_ids, NO_PLANE))
        left, top = fragment.box[0] - box[0], fragment.box[1] - box[1]
        if not (0 <= left <= box[2] - box[0] - out.shape[1] and 0 <= top <= box[3] - box[1] - out.shape[0]):
            raise ValueError(f"the fragment's box {fragment.box} lies outside {box}")
        if extra.size and extra.shape != out.shape:
            raise ValueError(f"weights beside the layer are {extra.shape}, its box {out.shape}")
        _reweigh(alpha, extra, factor, transmitted, weight_above, top, left, out)
        result.append(replace(fragment, alpha=out))
    return result[::-1]
