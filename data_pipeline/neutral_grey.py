"""The ground on which a layer is shown to who looks at it alone: a face detector, a model that describes it."""

import numpy as np
from numba import types

from data_pipeline.kernel import READ_ANY_PIXELS, kernel, packed

GREY = 128


def over_grey(rgba: np.ndarray) -> np.ndarray:
    """A straight picture uint8 RGBA [height, width, 4] on neutral grey, uint8 RGB [height, width, 3], rounded."""
    rgb = np.empty((*rgba.shape[:2], 3), np.uint8)
    _over_grey(packed(np.ascontiguousarray(rgba)), rgb)
    return rgb


@kernel(types.void, READ_ANY_PIXELS, types.Array(types.uint8, 3, "C"))
def _over_grey(pixels: np.ndarray, rgb: np.ndarray) -> None:
    """x / 255, rounded, is (t + t // 256) // 256 of t = x + 128, for all x up to 255 * 255."""
    byte, shift, half = np.uint32(255), np.uint32(8), np.uint32(128)
    for y in range(pixels.shape[0]):
        for x in range(pixels.shape[1]):
            pixel = pixels[y, x]
            alpha = pixel >> np.uint32(24)
            if alpha == byte:
                rgb[y, x, 0] = np.uint8(pixel & byte)
                rgb[y, x, 1] = np.uint8((pixel >> shift) & byte)
                rgb[y, x, 2] = np.uint8((pixel >> np.uint32(16)) & byte)
                continue
            ground = np.uint32(GREY) * (byte - alpha) + half
            red = (pixel & byte) * alpha + ground
            green = ((pixel >> shift) & byte) * alpha + ground
            blue = ((pixel >> np.uint32(16)) & byte) * alpha + ground
            rgb[y, x, 0] = np.uint8((red + (red >> shift)) >> shift)
            rgb[y, x, 1] = np.uint8((green + (green >> shift)) >> shift)
            rgb[y, x, 2] = np.uint8((blue + (blue >> shift)) >> shift)
