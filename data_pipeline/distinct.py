"""A picture and a function of colours in, the picture with every colour replaced out; each distinct colour costs once.

Designs hold few colours: a colour transform over them is a table look-up.
"""

from collections.abc import Callable

import numpy as np
from numba import types

from data_pipeline.kernel import inlined, kernel

_FIRST_SLOTS = 1 << 10
_WORDS = types.Array(types.uint32, 2, "C", readonly=True)


def recolour(rgba: np.ndarray, convert: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """uint8 RGBA [h, w, 4] with its colours converted, alpha kept; RGB 0 where alpha is 0.

    `convert` takes and gives uint8 [1, n, 3], each pixel by itself; it is not called where all alpha is 0.
    """
    words = np.ascontiguousarray(rgba).view("<u4")[..., 0].astype(np.uint32, copy=False)
    slots = _FIRST_SLOTS
    while True:
        colours = np.zeros(slots, np.uint32)  # the colour plus 2^24, so that 0 is an empty slot
        if _collect(words, colours):
            break
        slots *= 8
    taken = np.flatnonzero(colours)
    if not taken.size:
        return np.zeros(rgba.shape, np.uint8)
    samples = colours[taken].astype("<u4").view(np.uint8).reshape(1, -1, 4)[..., :3]
    converted = np.zeros((slots, 4), np.uint8)
    converted[taken, :3] = convert(np.ascontiguousarray(samples))[0]
    replaced = np.empty(words.shape, np.uint32)
    _replace(words, colours, converted.view("<u4")[:, 0].astype(np.uint32, copy=False), replaced)
    return replaced.astype("<u4", copy=False).view(np.uint8).reshape(rgba.shape)


@inlined
def _slot(colours: np.ndarray, colour: np.uint32) -> np.int64:
    """Where the colour lies in a table of a power of two of slots, or the empty slot where it belongs."""
    mask = np.int64(colours.size - 1)
    slot = (np.int64(colour) * np.int64(0x9E3779B1) >> np.int64(12)) & mask
    while colours[slot] != np.uint32(0) and colours[slot] != colour:
        slot = (slot + np.int64(1)) & mask
    return slot


@kernel(types.bool_, _WORDS, types.uint32[::1])
def _collect(words: np.ndarray, colours: np.ndarray) -> bool:
    """Fills the table with the colours of solid pixels; False where it would be more than half full."""
    count = 0
    last = np.uint32(0)  # a solid pixel has alpha, so is never 0
    for y in range(words.shape[0]):
        for x in range(words.shape[1]):
            word = words[y, x]
            if word == last or word >> np.uint32(24) == np.uint32(0):
                continue
            last = word
            colour = (word & np.uint32(0xFFFFFF)) | np.uint32(0x1000000)
            slot = _slot(colours, colour)
            if colours[slot] == np.uint32(0):
                count += 1
                if 2 * count > colours.size:
                    return False
                colours[slot] = colour
    return True


@kernel(types.void, _WORDS, types.uint32[::1], types.Array(types.uint32, 1, "C", readonly=True), types.uint32[:, ::1])
def _replace(words: np.ndarray, colours: np.ndarray, converted: np.ndarray, replaced: np.ndarray) -> None:
    last, new = np.uint32(0), np.uint32(0)
    for y in range(words.shape[0]):
        for x in range(words.shape[1]):
            word = words[y, x]
            alpha = word & np.uint32(0xFF000000)
            if alpha == np.uint32(0):
                replaced[y, x] = np.uint32(0)
                continue
            if word != last:
                slot = _slot(colours, (word & np.uint32(0xFFFFFF)) | np.uint32(0x1000000))
                last, new = word, converted[slot] | alpha
            replaced[y, x] = new
