"""A fragment in Dissolve -> the same with every pixel either opaque or gone.

Photoshop's noise is the same wherever a pixel lies in the document, whatever the layer: what one layer lets through at
half opacity no other of half opacity covers. Its sequence is not known, so a hash of the place stands in for it.
"""

from dataclasses import replace

import numpy as np
from numba import types

from data_pipeline.flatten.fragment import Fragment
from data_pipeline.kernel import F32_2D, READ_F32_2D, inlined, kernel


@inlined
def threshold(x: int, y: int) -> float:
    """The alpha in (0, 1) above which a pixel of the document is painted: 24 bits of a 32-bit hash (lowbias32)."""
    h = np.uint32(np.uint32(x) * np.uint32(0x9E3779B1) + np.uint32(y) * np.uint32(0x85EBCA77))
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D))
    h = np.uint32((h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B))
    h = np.uint32(h ^ (h >> np.uint32(16)))
    return (float(h >> np.uint32(8)) + 0.5) / 16777216.0


@kernel(types.void, READ_F32_2D, types.int64, types.int64, F32_2D)
def _dissolve(alpha: np.ndarray, left: int, top: int, out: np.ndarray) -> None:
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            out[y, x] = np.float32(1) if alpha[y, x] > threshold(left + x, top + y) else np.float32(0)


def dissolved(fragment: Fragment) -> Fragment:
    """At alpha 1 in that share of the pixels which the alpha says, and at 0 elsewhere."""
    alpha = np.empty(fragment.rgba.shape[:2], np.float32)
    _dissolve(fragment.exact_alpha(), fragment.box[0], fragment.box[1], alpha)
    return replace(fragment, alpha=alpha)


def is_soft(fragment: Fragment) -> bool:
    """Whether the noise shows: some of its pixels are neither opaque nor gone."""
    alpha = fragment.exact_alpha()
    return bool(((alpha > 0) & (alpha < 1)).any())
