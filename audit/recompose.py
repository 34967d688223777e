"""Stored layers in, their alpha-blending out: in float64, premultiplied, rounded once.

Written apart from the compositor that made the dataset, and kept as plain as the formula.
"""

from collections.abc import Iterable

import numpy as np

from schemas.stack import Box

_BAND_ROWS = 64  # what is worked on at once, so that temporaries stay small


def recompose(width: int, height: int, layers: Iterable[tuple[Box, np.ndarray]]) -> np.ndarray:
    """uint8 straight RGBA [height, width, 4] of (box, uint8 RGBA [h, w, 4]), bottom to top; RGB 0 where alpha is 0.

    Holds 36 bytes a pixel of the canvas, and one layer at a time.
    """
    below = np.zeros((height, width, 4))
    for (left, top, right, bottom), rgba in layers:
        for start in range(0, bottom - top, _BAND_ROWS):
            layer = rgba[start : start + _BAND_ROWS] / 255.0
            layer[:, :, :3] *= layer[:, :, 3:]
            region = below[top + start : top + start + len(layer), left:right]
            region *= 1 - layer[:, :, 3:]
            region += layer
    result = np.empty((height, width, 4), np.uint8)
    for start in range(0, height, _BAND_ROWS):
        band = below[start : start + _BAND_ROWS]
        alpha = band[:, :, 3:]
        np.divide(band[:, :, :3], alpha, out=band[:, :, :3], where=alpha > 0)
        result[start : start + _BAND_ROWS] = np.floor(band * 255 + 0.5).clip(0, 255)
    result[result[:, :, 3] == 0] = 0
    return result


def worst_difference(ours: np.ndarray, stored: np.ndarray) -> int:
    """Largest difference of two uint8 images, in 1/255, of alpha and of colour times alpha.

    Straight colour is undefined where alpha is 0 and coarse where it is small; what is seen is the product.
    """
    worst = 0
    for ours_rows, stored_rows in zip(np.array_split(ours, 16), np.array_split(stored, 16), strict=True):
        a, b = ours_rows.astype(np.int32), stored_rows.astype(np.int32)
        seen = np.abs(a[:, :, :3] * a[:, :, 3:] - b[:, :, :3] * b[:, :, 3:])
        alpha = np.abs(a[:, :, 3] - b[:, :, 3])
        worst = max(worst, -(-int(seen.max(initial=0)) // 255), int(alpha.max(initial=0)))
    return worst
