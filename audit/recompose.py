"""Stored layers in, their alpha-blending out: in float64, premultiplied, rounded once.

Written apart from the compositor that made the dataset, and kept as plain as the formula.
"""

from collections.abc import Iterable

import numpy as np

from schemas.stack import Box


def recompose(width: int, height: int, layers: Iterable[tuple[Box, np.ndarray]]) -> np.ndarray:
    """uint8 straight RGBA [height, width, 4] of (box, uint8 RGBA [h, w, 4]), bottom to top; RGB 0 where alpha is 0.

    Holds 32 bytes a pixel of the canvas and one layer at a time.
    """
    below = np.zeros((height, width, 4))
    for (left, top, right, bottom), rgba in layers:
        layer = rgba / 255.0
        layer[:, :, :3] *= layer[:, :, 3:]
        region = below[top:bottom, left:right]
        region *= 1 - layer[:, :, 3:]
        region += layer
    alpha = below[:, :, 3:]
    colour = np.divide(below[:, :, :3], alpha, out=np.zeros_like(below[:, :, :3]), where=alpha > 0)
    straight = np.concatenate([colour, alpha], axis=2)
    result = np.floor(straight * 255 + 0.5).clip(0, 255).astype(np.uint8)
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
