"""What near duplicates share: a perceptual hash of the composite, and hashes of the layers that carry a picture."""

import hashlib

import numpy as np
from PIL import Image
from scipy import fft

from schemas.stack import Stack

BITS = 256
_SIDE = 64  # px to which a composite is reduced
_LOW = 16  # frequencies a side that are kept
_DEAD_ZONE = 1.0  # of an orthonormal coefficient: 1/64 of a grey level, were it the mean
_LEAST_SPREAD = 2.0  # standard deviation of the luma, 0..255: below it there is nothing to recognise
_LEAST_AREA = 0.05  # of the canvas: what smaller layers share is an icon or a button
_LEAST_COLOURS = 64  # a layer of fewer is a ground, a frame or a plain shape
_SAMPLES = 4096  # pixels among which colours are counted


def perceptual_hash(composite: np.ndarray) -> str | None:
    """256 bits as 64 hex digits, near for pictures that look alike; None for a plain picture.

    `composite` is uint8 straight RGBA [height, width, 4], taken over white. The lowest 16 x 16 cosine frequencies of
    its luma, each against their median ("pHash": Zauner, "Implementation and benchmarking of perceptual image hash
    functions", 2010, with 256 bits for 64) and a dead zone above it: of a symmetric picture most are zero, the median
    too, and rounding would turn their bits.
    """
    small = np.asarray(Image.fromarray(composite).resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float64)
    alpha = small[..., 3:] / 255
    luma = (small[..., :3] * alpha + 255 * (1 - alpha)) @ (0.299, 0.587, 0.114)
    if luma.std() < _LEAST_SPREAD:
        return None
    low = fft.dctn(luma, norm="ortho")[:_LOW, :_LOW].ravel()
    median = np.median(low[1:])
    low[0] = median  # the mean brightness tells nothing
    return np.packbits(low > median + _DEAD_ZONE).tobytes().hex()


def picture_hashes(stack: Stack) -> tuple[str, ...]:
    """Of the layers that carry a picture, bottom to top, each once: documents that share one belong together."""
    least_px = _LEAST_AREA * stack.width * stack.height
    hashes: dict[str, None] = {}
    for layer in stack.layers:
        height, width = layer.rgba.shape[:2]
        if height * width < least_px or not _is_picture(layer.rgba, least_px):
            continue
        digest = hashlib.sha256(f"{width}x{height}\n".encode())
        digest.update(layer.rgba.tobytes())
        hashes[digest.hexdigest()[:32]] = None
    return tuple(hashes)


def _is_picture(rgba: np.ndarray, least_px: float) -> bool:
    solid = np.flatnonzero(rgba[..., 3])
    if len(solid) < least_px:
        return False
    some = solid[:: -(-len(solid) // _SAMPLES)]
    return len(np.unique(rgba.reshape(-1, 4)[some], axis=0)) >= _LEAST_COLOURS
