"""A contour: the curve by which a shadow, a glow, a satin or a bevel's light rises."""

import numpy as np
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Key


def contoured(shape: np.ndarray, contour: Descriptor | None) -> np.ndarray:
    """float32 in [0, 1], any shape -> the same along the contour, straight from point to point of the file.

    Measured on one satin of a Gaussian contour, where straight lines came nearer than splines. Raises KeyError,
    TypeError or ValueError where the contour cannot be read.
    """
    points = [] if contour is None else [(float(p[Key.Horizontal]), float(p[Key.Vertical])) for p in contour[Key.Curve]]
    if all(across == up for across, up in points):
        return shape
    points.sort(key=lambda point: point[0])
    across, up = (np.clip(np.array(axis) / 255, 0, 1) for axis in zip(*points, strict=True))
    if not (np.isfinite(across).all() and np.isfinite(up).all()):
        raise ValueError("a contour through what is no number")
    return np.interp(shape, across, up).astype(np.float32)


def ranged(shape: np.ndarray, percent: float) -> np.ndarray:
    """`shape` at a glow's or a bevel's range, which Photoshop holds in 8 bits: at 50 % it is full where half of it is.

    Measured on glows.
    """
    share = int(min(max(percent / 100, 0), 1) * 255)
    within: np.ndarray = np.minimum(shape * np.float32(255 / max(share, 1)), 1)
    return within
