"""A layer's pixels and a colour in, the pixels in that colour out; alpha stays, and light and dark as far as they can.

The mean luminance of what is seen becomes the colour's. A pixel that is lighter by some amount becomes lighter by as
much, on the straight way from the colour to white; a darker one on the way to black. A layer of one colour becomes the
colour itself.
"""

import numpy as np
from numba import types

from data_pipeline.distinct import recolour
from data_pipeline.kernel import READ_U8_3D, kernel

_LUMA = (299, 587, 114)  # of 1000, Rec. 601


def recoloured(rgba: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """uint8 straight RGBA [height, width, 4]; RGB 0 where alpha is 0."""
    total, weight = _luminance(rgba)
    mean = total / weight if weight else 0.0
    target = np.array(colour, np.float64)
    aim = float(target @ _LUMA)

    def convert(colours: np.ndarray) -> np.ndarray:
        luma = np.clip(colours.astype(np.float64) @ _LUMA - mean + aim, 0, 255_000)[..., np.newaxis]
        darker = target * (luma / max(aim, 1.0))
        lighter = target + (255 - target) * ((luma - aim) / max(255_000 - aim, 1.0))
        return np.floor(np.where(luma <= aim, darker, lighter) + 0.5).astype(np.uint8)

    return recolour(rgba, convert)


@kernel(types.UniTuple(types.int64, 2), READ_U8_3D)
def _luminance(rgba: np.ndarray) -> tuple[int, int]:
    """(sum of luminance in 1/1000 times alpha, sum of alpha): whole numbers, so that no order of adding matters."""
    total = weight = 0
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            pixel = rgba[y, x]
            alpha = int(pixel[3])
            if alpha:
                luma = 299 * int(pixel[0]) + 587 * int(pixel[1]) + 114 * int(pixel[2])
                total += alpha * luma
                weight += alpha
    return total, weight
