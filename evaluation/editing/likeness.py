"""Two composites and a region in, how far they are apart there and as a whole out: L1 and SSIM.

Composites are seen on a ground. Where both are opaque there is none to choose; else they are laid on black and on
white, and a figure is the mean of the two, so that nothing is as its ground on both. L1 is the mean of |difference|
over pixels and channels, in [0, 1]; SSIM that of luma (evaluation/similarity.py), below 0 counted as 0. Of a region, L1
is taken over its pixels, SSIM over the smallest box around it, grown by half a window so that every pixel of it is the
middle of one. A picture with a side shorter than the window is continued by its edge.
"""

from dataclasses import dataclass

import numpy as np

from evaluation.similarity import WINDOW_PX, luma, ssim

_HALF_PX = WINDOW_PX // 2


@dataclass(frozen=True)
class Likeness:
    """In the region and in the whole frame."""

    region_l1: float
    region_ssim: float
    frame_l1: float
    frame_ssim: float


WORST = Likeness(1.0, 0.0, 1.0, 0.0)


def likeness(ours_HW4: np.ndarray, theirs_HW4: np.ndarray, region_HW: np.ndarray) -> Likeness:
    """Of straight uint8 composites of one size; the region, bool, holds a pixel at least."""
    if min(ours_HW4[..., 3].min(), theirs_HW4[..., 3].min()) == 255:
        return Likeness(*_compared(ours_HW4[..., :3], theirs_HW4[..., :3], region_HW))
    seen = [_compared(over(ours_HW4, ground), over(theirs_HW4, ground), region_HW) for ground in (0, 255)]
    return Likeness(*(sum(values) / 2 for values in zip(*seen, strict=True)))


def _compared(ours_HW3: np.ndarray, theirs_HW3: np.ndarray, region_HW: np.ndarray) -> tuple[float, float, float, float]:
    """Of opaque pictures, the figures of `Likeness`."""
    apart = np.abs(ours_HW3.astype(np.int16) - theirs_HW3)
    a, b = luma(ours_HW3), luma(theirs_HW3)
    around = _around(region_HW)
    frame_ssim = _ssim(a, b)
    region_ssim = frame_ssim if a[around].shape == a.shape else _ssim(a[around], b[around])
    return float(apart[region_HW].mean()) / 255, region_ssim, float(apart.mean()) / 255, frame_ssim


def over(rgba_HW4: np.ndarray, ground: int) -> np.ndarray:
    """uint8 RGB [H, W, 3] on a grey of that level, rounded half up."""
    alpha = rgba_HW4[..., 3:].astype(np.uint16)  # the largest sum is 255 * 255 + 127
    return ((rgba_HW4[..., :3] * alpha + ground * (255 - alpha) + 127) // 255).astype(np.uint8)


def _around(region_HW: np.ndarray) -> tuple[slice, slice]:
    """The smallest box around the region and half a window more, as far as the picture goes."""
    rows, columns = (np.flatnonzero(region_HW.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, int(rows[0]) - _HALF_PX), int(rows[-1]) + 1 + _HALF_PX),
        slice(max(0, int(columns[0]) - _HALF_PX), int(columns[-1]) + 1 + _HALF_PX),
    )


def _ssim(a_HW: np.ndarray, b_HW: np.ndarray) -> float:
    short = [(0, max(0, WINDOW_PX - side)) for side in a_HW.shape]
    return max(0.0, ssim(np.pad(a_HW, short, mode="edge"), np.pad(b_HW, short, mode="edge")))
