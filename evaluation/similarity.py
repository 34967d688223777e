"""Two pictures of one size in, how alike they are out: PSNR, SSIM, and the luma that SSIM is taken of.

SSIM as Wang et al. 2004 define it: an 11x11 Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, population variances
and covariance (the weights sum to 1, with no factor n / (n - 1)), and the mean over the valid region, where the whole
window lies inside the picture. `pyiqa`, with which the published figures of RGBA autoencoders were measured, takes
population statistics and the valid region too. All is computed in float64.
"""

import math

import numpy as np
from numba import types

from data_pipeline.kernel import kernel

WINDOW_PX, SIGMA_PX = 11, 1.5
K1, K2 = 0.01, 0.03

_OFFSETS = np.arange(WINDOW_PX) - WINDOW_PX // 2
_WEIGHTS = np.exp(-0.5 * (_OFFSETS / SIGMA_PX) ** 2)
_WEIGHTS /= _WEIGHTS.sum()
_PLANE = types.Array(types.float64, 2, "C", readonly=True)
_ROW = types.Array(types.float64, 1, "C", readonly=True)


def mean_squared_error(a_HWC: np.ndarray, b_HWC: np.ndarray) -> float:
    """Over all samples, of any dtype; ValueError where the shapes differ or there are none."""
    _check(a_HWC, b_HWC)
    return float(np.square(np.subtract(a_HWC, b_HWC, dtype=np.float64)).mean())


def psnr(a_HWC: np.ndarray, b_HWC: np.ndarray, peak: float = 255.0) -> float:
    """Decibels, of the error over all samples together; `math.inf` where the pictures are identical."""
    error = mean_squared_error(a_HWC, b_HWC)
    return 10 * math.log10(peak * peak / error) if error else math.inf


def ssim(a_HW: np.ndarray, b_HW: np.ndarray, peak: float = 255.0) -> float:
    """In [-1, 1], 1 where the pictures are identical. Raises ValueError for less than 11x11 px."""
    return _ssim(a_HW, b_HW, peak)[0]


def nonnegative_ssim(a_HW: np.ndarray, b_HW: np.ndarray, peak: float = 255.0) -> float:
    """As `ssim`, where windows whose contrasts oppose each other count as 0, not less: what `pyiqa` measures."""
    return _ssim(a_HW, b_HW, peak)[1]


def luma(rgb_HWC: np.ndarray) -> np.ndarray:
    """Y of YIQ, 0.299 R + 0.587 G + 0.114 B, float64 [H, W], in the unit of the colours."""
    red, green, blue = (rgb_HWC[..., channel].astype(np.float64) for channel in range(3))
    return (299 * red + 587 * green + 114 * blue) / 1000


def _ssim(a_HW: np.ndarray, b_HW: np.ndarray, peak: float) -> tuple[float, float]:
    _check(a_HW, b_HW)
    if a_HW.ndim != 2 or min(a_HW.shape) < WINDOW_PX:
        raise ValueError(f"SSIM is taken of planes of {WINDOW_PX}x{WINDOW_PX} px or more, not of {a_HW.shape}")
    a, b = (np.ascontiguousarray(plane, np.float64) for plane in (a_HW, b_HW))
    return _mean_ssim(a, b, _WEIGHTS, (K1 * peak) ** 2, (K2 * peak) ** 2)


def _check(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape or not a.size:
        raise ValueError(f"two pictures of one size are compared, not {a.shape} and {b.shape}")


@kernel(types.UniTuple(types.float64, 2), _PLANE, _PLANE, _ROW, types.float64, types.float64)
def _mean_ssim(a: np.ndarray, b: np.ndarray, weights: np.ndarray, c1: float, c2: float) -> tuple[float, float]:
    """(mean, mean with negative contrast terms taken as 0).

    The formula needs the two variances only as their sum, so four filtered planes do: a, b, a^2 + b^2 and ab. Each row
    is filtered down, then across, in buffers that stay in the cache.
    """
    height, width = a.shape
    taps = weights.size
    rows, columns = height - taps + 1, width - taps + 1
    down = np.empty((4, width))
    across = np.empty((4, columns))
    plain = clipped = 0.0
    for y in range(rows):
        down[:] = 0.0
        down_a, down_b, down_squares, down_product = down[0], down[1], down[2], down[3]
        for tap in range(taps):
            weight, row_a, row_b = weights[tap], a[y + tap], b[y + tap]
            for x in range(width):
                first, second = row_a[x], row_b[x]
                down_a[x] += weight * first
                down_b[x] += weight * second
                down_squares[x] += weight * (first * first + second * second)
                down_product[x] += weight * (first * second)
        across[:] = 0.0
        for plane in range(4):
            source, target = down[plane], across[plane]
            for tap in range(taps):
                weight, shifted = weights[tap], source[tap : tap + columns]
                for x in range(columns):
                    target[x] += weight * shifted[x]
        row_plain = row_clipped = 0.0
        for x in range(columns):
            mean_a, mean_b = across[0, x], across[1, x]
            product, squares = mean_a * mean_b, mean_a * mean_a + mean_b * mean_b
            contrast = (2 * (across[3, x] - product) + c2) / (across[2, x] - squares + c2)
            value = (2 * product + c1) / (squares + c1) * contrast
            row_plain += value
            row_clipped += value if contrast > 0 else 0.0
        plain += row_plain
        clipped += row_clipped
    return plain / (rows * columns), clipped / (rows * columns)
