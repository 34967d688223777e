"""Two alpha planes of one size in, the errors of matting out: MAE, SAD and gradient error.

As Rhemann et al. 2009 ("A perceptually motivated online benchmark for image matting") define them and the published
evaluation code of Deep Image Matting computes them, with two differences: they are taken over the whole picture, since
a reconstruction has no trimap, and alpha is divided by 255, where that code stretches each plane from its own smallest
value to its own largest.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import convolve1d

SCALE = 1000.0  # by which sums over pixels are divided, as in the tables of matting papers
SIGMA_PX = 1.4
_LEAST = 1e-2  # the window ends where the Gaussian falls to this


@dataclass(frozen=True)
class AlphaErrors:
    """`mae` in [0, 1]; `sad` and `gradient` are sums over the picture, in thousands: they grow with its size."""

    mae: float
    sad: float
    gradient: float


def alpha_errors(a_HW: np.ndarray, b_HW: np.ndarray) -> AlphaErrors:
    """Of uint8 planes; raises ValueError where their shapes differ."""
    if a_HW.shape != b_HW.shape or a_HW.ndim != 2 or not a_HW.size:
        raise ValueError(f"two alpha planes of one size are compared, not {a_HW.shape} and {b_HW.shape}")
    a, b = a_HW / 255.0, b_HW / 255.0
    apart = np.abs(a - b)
    steepness = np.square(gradient_magnitude(a) - gradient_magnitude(b))
    return AlphaErrors(float(apart.mean()), float(apart.sum()) / SCALE, float(steepness.sum()) / SCALE)


def gradient_magnitude(plane_HW: np.ndarray) -> np.ndarray:
    """Of the plane's derivatives by a Gaussian's, whose two-dimensional kernels have the Euclidean norm 1.

    Beyond its edges the plane goes on as it ends.
    """
    across = convolve1d(convolve1d(plane_HW, _BLUR, axis=0, mode="nearest"), _SLOPE, axis=1, mode="nearest")
    down = convolve1d(convolve1d(plane_HW, _SLOPE, axis=0, mode="nearest"), _BLUR, axis=1, mode="nearest")
    return np.hypot(across, down)


def _kernels() -> tuple[np.ndarray, np.ndarray]:
    radius = math.ceil(SIGMA_PX * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * SIGMA_PX * _LEAST)))
    x = np.arange(-radius, radius + 1)
    blur = np.exp(-0.5 * (x / SIGMA_PX) ** 2)
    slope = -x * blur
    return blur / np.linalg.norm(blur), slope / np.linalg.norm(slope)  # the norm of a product is that of its factors'


_BLUR, _SLOPE = _kernels()
