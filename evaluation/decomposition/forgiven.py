"""Predicted and true layers in, what the decomposition metric forgives out: it looks at pairs of layers alone.

A stack may score well and not recompose; blank layers join a group and vanish; order within the path is not looked at;
and nothing is said of colours that no eye sees until a layer is edited.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numba import types
from scipy.optimize import linear_sum_assignment

from data_pipeline.compose import compose, strips
from data_pipeline.kernel import READ_PIXELS, kernel
from evaluation.decomposition.costs import Comparisons
from evaluation.decomposition.cut import Cut
from evaluation.similarity import WINDOW_PX, luma, mean_squared_error, ssim
from schemas.stack import Stack

FAINT = 8  # alpha of 255 up to which a pixel is not seen: 3 %
MATCHED_IOU = 0.5
IDENTICAL_DB = 100.0  # the PSNR of identical pictures, so that a mean is finite


@dataclass(frozen=True)
class Recomposition:
    """How far the picture that the predicted layers make is from that of the true ones.

    Both are blended onto black and onto white, which shows every difference in colour and alpha; each figure is the
    mean of the two. `mean` is of |difference| over pixels and channels, in 1/255; `psnr` in dB, IDENTICAL_DB at most;
    `ssim` of luma, None for less than 11x11 px.
    """

    mean: float
    psnr: float
    ssim: float | None


@dataclass(frozen=True)
class Order:
    """Of pairs of true layers that overlap each other and whose predicted layers do: how many, how many the wrong way.

    Layers are matched one to one at the least total cost, before regrouping, and count as matched from an alpha IoU of
    0.5 on. A pair that fits as well with its partners exchanged (two equal layers) is not in the wrong order.
    """

    pairs: int
    errors: int


@dataclass(frozen=True)
class Leftovers:
    """Of a predicted stack alone.

    `blank_layers` have no pixel whose alpha is above 8/255. `hidden_colour` is the share of all pixels of all layers'
    canvases that have alpha 0 and a colour other than black, `faint_alpha` that of an alpha from 1 to 8.
    """

    blank_layers: int
    hidden_colour: float
    faint_alpha: float


def recomposition(pred: Stack, truth: Stack) -> Recomposition:
    """Of stacks of one size."""
    ours, theirs = compose(pred), compose(truth)
    opaque = min(ours[..., 3].min(), theirs[..., 3].min()) == 255
    grounds = (0,) if opaque else (0, 255)  # an opaque picture is the same on both
    figures = [_apart(ours, theirs, ground) for ground in grounds]
    means, ratios, likenesses = zip(*figures, strict=True)
    known = [likeness for likeness in likenesses if likeness is not None]
    return Recomposition(float(np.mean(means)), float(np.mean(ratios)), float(np.mean(known)) if known else None)


def order(pred: Sequence[Cut], truth: Sequence[Cut], known: Comparisons) -> Order:
    """Of layers before regrouping, bottom first."""
    costs = np.array([[known.of(p, g).cost for g in truth] for p in pred])
    matches = [
        (int(i), int(j))
        for i, j in zip(*linear_sum_assignment(costs), strict=True)
        if known.of(pred[i], truth[j]).alpha_iou >= MATCHED_IOU
    ]
    pairs = errors = 0
    for (i, j), (k, m) in combinations(matches, 2):
        if not (_overlap(truth[j], truth[m], known) and _overlap(pred[i], pred[k], known)):
            continue
        pairs += 1
        wrong_way = (i < k) != (j < m)
        errors += int(wrong_way and bool(costs[i, m] + costs[k, j] > costs[i, j] + costs[k, m]))
    return Order(pairs, errors)


def leftovers(pred: Sequence[Cut], width: int, height: int) -> Leftovers:
    """Of at least one layer, on a canvas of this size."""
    counts = [_unseen(layer.pixels) for layer in pred]
    hidden, faint, solid = zip(*counts, strict=True)
    canvases_px = len(pred) * width * height
    return Leftovers(solid.count(0), sum(hidden) / canvases_px, sum(faint) / canvases_px)


def _overlap(a: Cut, b: Cut, known: Comparisons) -> bool:
    return known.of(a, b).alpha_iou > 0


def _apart(ours: np.ndarray, theirs: np.ndarray, ground: int) -> tuple[float, float, float | None]:
    """(mean |difference|, PSNR, SSIM) on a ground of this grey; strip by strip, as floats take 8 times the room."""
    height, width = ours.shape[:2]
    lumas = np.empty((2, height, width))
    total = squares = 0.0
    for top, bottom in strips(width, height):
        a, b = (_on(rgba[top:bottom], ground) for rgba in (ours, theirs))
        total += float(np.abs(a - b).sum())
        squares += mean_squared_error(a, b) * a.size
        lumas[:, top:bottom] = luma(a), luma(b)
    samples = 3 * height * width
    decibels = 10 * math.log10(255**2 * samples / squares) if squares else math.inf
    likeness = ssim(*lumas) if min(height, width) >= WINDOW_PX else None
    return total / samples, min(decibels, IDENTICAL_DB), likeness


def _on(rgba: np.ndarray, ground: int) -> np.ndarray:
    """Float64 RGB of 255."""
    alpha = rgba[..., 3:] / 255
    return rgba[..., :3] * alpha + ground * (1 - alpha)


@kernel(types.UniTuple(types.int64, 3), READ_PIXELS)
def _unseen(pixels: np.ndarray) -> tuple[int, int, int]:
    """(pixels of alpha 0 with a colour, of an alpha up to FAINT, above it)."""
    hidden, faint, solid = 0, 0, 0
    for y in range(pixels.shape[0]):
        for pixel in pixels[y]:
            alpha = pixel >> np.uint32(24)
            if alpha > FAINT:
                solid += 1
            elif alpha > 0:
                faint += 1
            elif pixel != 0:
                hidden += 1
    return hidden, faint, solid
