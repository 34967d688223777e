"""A finished sample -> figures by which auditors and trainers choose: columns of `documents`."""

import math
from dataclasses import dataclass

import numpy as np
from numba import types

from data_pipeline.boxes import view
from data_pipeline.kernel import READ_U8_3D, kernel
from schemas.stack import Stack


@dataclass(frozen=True)
class Quality:
    """Shares lie in [0, 1] and are of the stored canvas.

    coverage: mean alpha of the composite.
    colourfulness: M3 of Hasler and Süsstrunk, "Measuring colourfulness in natural images" (2003), of the composite
        over white: 0 grey, 33 moderately, 82 highly, 109 extremely colourful.
    sharpness: variance of the 4-neighbour Laplacian of the composite's luma (Rec. 601, 0..255) over white.
    baked_share: of all alpha of the layers, what belongs to layers whose colours are baked.
    single_layer_share: where exactly one layer paints.
    """

    coverage: float
    colourfulness: float
    sharpness: float
    baked_share: float
    single_layer_share: float


def quality(stack: Stack, composite: np.ndarray) -> Quality:
    """`composite` is uint8 straight RGBA [height, width, 4], the stack alpha-blended."""
    layers = np.zeros(composite.shape[:2], np.uint8)
    alpha = baked = 0
    for layer in stack.layers:
        plane = layer.rgba[..., 3]
        view(layers, (0, 0, stack.width, stack.height), layer.box)[...] += plane > 0
        total = int(plane.sum(dtype=np.int64))
        alpha += total
        baked += total if layer.baked else 0
    moments = np.zeros(7)
    _moments(composite, moments)
    count = composite.shape[0] * composite.shape[1]
    rg, rg2, yb, yb2, laplacian, laplacian2, opacity = (moments / count).tolist()
    spread = math.sqrt(max(0.0, rg2 - rg * rg) + max(0.0, yb2 - yb * yb))
    return Quality(
        coverage=opacity / 255,
        colourfulness=spread + 0.3 * math.hypot(rg, yb),
        sharpness=max(0.0, laplacian2 - laplacian * laplacian),
        baked_share=baked / alpha if alpha else 0.0,
        single_layer_share=float(np.count_nonzero(layers == 1)) / count,
    )


@kernel(types.void, READ_U8_3D, types.float64[::1])
def _moments(rgba: np.ndarray, moments: np.ndarray) -> None:
    """Sums of R - G and of (R + G) / 2 - B, of the luma's Laplacian (the border repeated), each with its squares',
    and of alpha."""
    height, width = rgba.shape[:2]
    full, half = np.float32(255), np.float32(0.5)
    luma = np.empty((height + 2, width + 2), np.float32)
    for y in range(height):
        row = luma[y + 1, 1 : width + 1]
        rg = rg2 = yb = yb2 = opacity = np.float64(0)
        for x in range(width):
            a = np.float32(rgba[y, x, 3])
            ground, share = full - a, a * np.float32(1 / 255)
            r = np.float32(rgba[y, x, 0]) * share + ground
            g = np.float32(rgba[y, x, 1]) * share + ground
            b = np.float32(rgba[y, x, 2]) * share + ground
            row[x] = np.float32(0.299) * r + np.float32(0.587) * g + np.float32(0.114) * b
            across, along = r - g, (r + g) * half - b
            rg += across
            rg2 += across * across
            yb += along
            yb2 += along * along
            opacity += a
        moments[0] += rg
        moments[1] += rg2
        moments[2] += yb
        moments[3] += yb2
        moments[6] += opacity
    luma[0], luma[height + 1] = luma[1], luma[height]
    luma[:, 0], luma[:, width + 1] = luma[:, 1], luma[:, width]
    for y in range(1, height + 1):
        up, row, down = luma[y - 1], luma[y], luma[y + 1]
        total = total2 = np.float64(0)
        for x in range(1, width + 1):
            change = up[x] + down[x] + row[x - 1] + row[x + 1] - np.float32(4) * row[x]
            total += change
            total2 += change * change
        moments[4] += total
        moments[5] += total2
