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
from data_pipeline.kernel import F32_2D, READ_F32_2D, kernel
from schemas.stack import Box

_NOTHING = np.float32(1e-6)  # below it a denominator is 0 up to rounding


@kernel(types.void, READ_F32_2D, READ_F32_2D, READ_F32_2D, F32_2D, F32_2D, F32_2D)
def _reweigh(
    alpha: np.ndarray,
    factor: np.ndarray,
    beside: np.ndarray,
    transmitted: np.ndarray,
    weight_above: np.ndarray,
    out: np.ndarray,
) -> None:
    """One layer, from the top down: w = factor * transmitted * alpha + beside; out = w / (1 - weight_above)."""
    one = np.float32(1)
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            a = alpha[y, x]
            left = max(one - weight_above[y, x], np.float32(0))
            w = min(factor[y, x] * transmitted[y, x] * a + beside[y, x], left)
            # Where nothing shows through, any alpha is right; its own punches no needless hole.
            out[y, x] = w / left if left > _NOTHING else a
            weight_above[y, x] += w
            transmitted[y, x] *= one - a


def scale(fragments: Sequence[Fragment], coverage: Coverage) -> list[Fragment]:
    """A group's fragments, bottom to top, as they stand in the group's parent at this coverage."""
    if coverage.is_full or not fragments:
        return list(fragments)
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
    return scale(fragments, coverage.inverse())


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
    for fragment in reversed(fragments):
        out = np.empty(size(fragment.box), np.float32)
        nothing = np.broadcast_to(np.float32(0), size(fragment.box))
        _reweigh(
            fragment.exact_alpha(),
            view(factor, box, fragment.box),
            beside.get(fragment.layer_ids, nothing),
            view(transmitted, box, fragment.box),
            view(weight_above, box, fragment.box),
            out,
        )
        result.append(replace(fragment, alpha=out))
    return result[::-1]
