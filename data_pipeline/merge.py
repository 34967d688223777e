"""A layer stack in, the same picture on fewer layers out: layers that do not overlap share one.

Layers of one level are disjoint and merge without changing a pixel; the number of levels, the longest chain of
overlaps, is the least that any merge of disjoint layers can reach.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import types

from data_pipeline.boxes import intersect, tight, union, view
from data_pipeline.kernel import F32_3D, READ_F32_3D, READ_U8_3D, U8_3D, kernel
from data_pipeline.nearest import nearest_groups
from data_pipeline.overlap import covered, levels
from schemas.options import CurateOptions
from schemas.stack import Box, PlainLayer, Stack

_BAND_PX = 1 << 18  # pixels blended in float at a time


@dataclass(frozen=True, eq=False)
class Merged:
    """`groups[k]` are the layers of `source` that output layer k holds, bottom to top.

    `flattened_groups` are the output layers in which layers that overlap were blended to stay within the cap. Output
    layers are painted when they are asked for: together they can be many times larger than what they hold.
    """

    source: Stack
    groups: tuple[tuple[int, ...], ...]
    flattened_groups: tuple[int, ...] = ()

    def layers(self, recolour: Callable[[np.ndarray], np.ndarray] | None = None) -> Iterator[PlainLayer]:
        """The output layers, one at a time, of layers whose colours `recolour` has changed first."""
        for group in self.groups:
            layers = [self.source.layers[index] for index in group]
            if recolour is not None:
                layers = [replace(layer, rgba=recolour(layer.rgba)) for layer in layers]
            yield _merge_layers(layers)

    def painted(self) -> Stack:
        """The output layers together."""
        return Stack(self.source.width, self.source.height, tuple(self.layers()))


def merge(stack: Stack, options: CurateOptions, paths: Sequence[tuple[int, ...]]) -> Merged | None:
    """Merges as `options.merge` says; None where more than `max_layers` would remain and `over_cap` is "reject".

    `paths` are the ids of the groups above each layer in the layer tree, outermost first (for merge="tree"). At
    `overlap_alpha` 0 the composite keeps every bit, unless the cap flattens.
    """
    area = covered(stack, options.overlap_alpha)
    lies_on = area > 0
    if options.merge == "tree":
        groups = nearest_groups(lies_on, paths, options.target_layers)
    else:
        level = levels(lies_on)
        groups = [np.flatnonzero(level == k).tolist() for k in range(int(level.max(initial=-1)) + 1)]
    flattened: tuple[int, ...] = ()
    if len(groups) > options.max_layers:
        if options.over_cap == "reject":
            return None
        groups, flattened = _flatten_neighbours(area, groups, options.max_layers)
    return Merged(stack, tuple(map(tuple, groups)), flattened)


def _merge_layers(layers: list[PlainLayer]) -> PlainLayer:
    """One layer with the pixels of all (bottom to top) and what its record says of them."""
    if len(layers) == 1:
        return layers[0]
    box = union([inner for layer in layers if (inner := tight(layer.rgba, layer.box))] or [layers[0].box])
    alphas = np.array([_alpha_sum(layer.rgba) for layer in layers], np.float64)
    dependence = sum(alpha * layer.backdrop_dependence for alpha, layer in zip(alphas, layers, strict=True))
    owners = {layer.owner_id for layer in layers}
    return PlainLayer(
        box=box,
        rgba=_paint(layers, box),
        layer_ids=tuple(sorted({node for layer in layers for node in layer.layer_ids})),
        owner_id=owners.pop() if len(owners) == 1 else None,
        baked=any(layer.baked for layer in layers),
        backdrop_dependence=float(dependence / max(alphas.sum(), 1.0)),
    )


def _paint(layers: list[PlainLayer], box: Box) -> np.ndarray:
    """The layers alpha-blended, uint8 [h, w, 4]; copied where they are disjoint, otherwise rounded once."""
    rgba = np.zeros((box[3] - box[1], box[2] - box[0], 4), np.uint8)
    disjoint = True
    for layer in layers:
        if part := intersect(layer.box, box):
            disjoint &= _copy(view(layer.rgba, layer.box, part), view(rgba, box, part))
    if disjoint:
        return rgba
    width = max(box[2] - box[0], 1)
    step = max(_BAND_PX // width, 1)
    for top in range(box[1], box[3], step):
        band = (box[0], top, box[2], min(top + step, box[3]))
        blended = np.zeros((band[3] - top, width, 4), np.float32)
        for layer in layers:
            if part := intersect(layer.box, band):
                _blend(view(layer.rgba, layer.box, part), view(blended, band, part))
        _round(blended, view(rgba, box, band))
    return rgba


def _flatten_neighbours(area: np.ndarray, groups: list[list[int]], cap: int) -> tuple[list[list[int]], tuple[int, ...]]:
    """Joins consecutive groups, first those where the upper hides least of the lower, until `cap` remain.

    Hidden is the area, weighted by both alphas, on which the upper lies directly on the lower. Any run of consecutive
    groups keeps its place in the stack, so only its own layers become inseparable.
    """
    groups = [list(group) for group in groups]
    joined = [False] * len(groups)
    hidden = [int(area[np.ix_(groups[k], groups[k + 1])].sum()) for k in range(len(groups) - 1)]
    while len(groups) > cap:
        k = hidden.index(min(hidden))
        groups[k : k + 2] = [sorted(groups[k] + groups[k + 1])]
        joined[k : k + 2] = [True]
        del hidden[k]
        for lower in (k - 1, k):
            if 0 <= lower < len(hidden):
                hidden[lower] = int(area[np.ix_(groups[lower], groups[lower + 1])].sum())
    return groups, tuple(k for k, is_joined in enumerate(joined) if is_joined)


@kernel(types.int64, READ_U8_3D)
def _alpha_sum(rgba: np.ndarray) -> int:
    total = 0
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            total += rgba[y, x, 3]
    return total


@kernel(types.bool_, READ_U8_3D, U8_3D)
def _copy(source: np.ndarray, target: np.ndarray) -> bool:
    """Copies pixels of alpha above 0; False where one of them fell on another."""
    disjoint = True
    for y in range(source.shape[0]):
        for x in range(source.shape[1]):
            if source[y, x, 3] != 0:
                disjoint &= target[y, x, 3] == 0
                for c in range(4):
                    target[y, x, c] = source[y, x, c]
    return disjoint


@kernel(types.void, READ_U8_3D, F32_3D)
def _blend(source: np.ndarray, target: np.ndarray) -> None:
    """Alpha-blends onto premultiplied float32 in [0, 255]."""
    for y in range(source.shape[0]):
        for x in range(source.shape[1]):
            if source[y, x, 3] != 0:
                alpha = np.float32(source[y, x, 3]) / np.float32(255)
                below = np.float32(1) - alpha
                for c in range(3):
                    target[y, x, c] = alpha * np.float32(source[y, x, c]) + below * target[y, x, c]
                target[y, x, 3] = np.float32(source[y, x, 3]) + below * target[y, x, 3]


@kernel(types.void, READ_F32_3D, U8_3D)
def _round(premultiplied: np.ndarray, target: np.ndarray) -> None:
    """Premultiplied float32 to straight uint8, rounded half up."""
    half, full = np.float32(0.5), np.float32(255)
    for y in range(target.shape[0]):
        for x in range(target.shape[1]):
            alpha = premultiplied[y, x, 3]
            if alpha < half:
                target[y, x] = 0
                continue
            for c in range(3):
                target[y, x, c] = np.uint8(min(premultiplied[y, x, c] * full / alpha, full) + half)
            target[y, x, 3] = np.uint8(min(alpha, full) + half)
