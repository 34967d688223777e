"""Watermarks: preview wording, or a faint mark repeated over the whole picture."""

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from data_pipeline.anomaly.detector import Subject
from data_pipeline.anomaly.wording import WATERMARK
from schemas.reasons import DropReason

_ACROSS = 0.6  # of either side of the canvas: how far a repeated mark reaches
_FAINT = 0.75  # alpha: a watermark lets the picture through
_INK = (0.005, 0.6)  # share of the layer's box: less is a speck, more is a tint
_SIDE = 256  # px: the alpha is looked at no larger
_LEAST_SIDE = 64  # px of a layer: in a smaller one, nothing is small against it
_PERIOD = (0.04, 0.55)  # of the side; shorter is a texture, longer is not repeated
_ITSELF = 0.35  # correlation: down to it, what is next to no displacement is the mark's own extent
_ABOVE = 0.5  # at most so much of the mark may be covered: a watermark lies on top


@dataclass(frozen=True)
class Watermark:
    """Measures 1 for preview wording in a text or a name; else, of a faint layer over most of the picture, how much its
    alpha resembles itself one period away: the height of its autocorrelation's second peak, in [0, 1]."""

    threshold: float
    reason: DropReason = DropReason.WATERMARK

    def measure(self, subject: Subject) -> float:
        if any(WATERMARK.search(one) for one in (*subject.names, *subject.texts)):
            return 1.0
        if not _is_faint_and_wide(subject) or _covered(subject) > _ABOVE:
            return 0.0
        return repetition(subject.layer.rgba[..., 3])


def _is_faint_and_wide(subject: Subject) -> bool:
    stack, layer = subject.scene.stack, subject.layer
    left, top, right, bottom = layer.box
    if (
        min(right - left, bottom - top) < _LEAST_SIDE
        or right - left < _ACROSS * stack.width
        or bottom - top < _ACROSS * stack.height
        or not subject.index
    ):
        return False
    alpha = layer.rgba[..., 3]
    ink = alpha > 8
    share = float(ink.mean())
    return _INK[0] <= share <= _INK[1] and float(np.percentile(alpha[ink], 90)) <= _FAINT * 255


def _covered(subject: Subject) -> float:
    """How much of the layer's ink is covered by what lies above it, by the share of their boxes that is opaque."""
    left, top, right, bottom = subject.layer.box
    covered = np.zeros((bottom - top, right - left), bool)
    for above in subject.scene.stack.layers[subject.index + 1 :]:
        x0, y0, x1, y1 = above.box
        rows, columns = slice(max(y0, top), min(y1, bottom)), slice(max(x0, left), min(x1, right))
        if rows.start < rows.stop and columns.start < columns.stop:
            part = above.rgba[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0, 3] > 128
            covered[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] |= part
    ink = subject.layer.rgba[..., 3] > 8
    return float(covered[ink].mean())


def repetition(alpha: np.ndarray) -> float:
    """The highest peak of the autocorrelation at distances of `_PERIOD`, in [0, 1]; `alpha` is uint8 [height, width].

    By Wiener and Khinchin, as the inverse transform of the power spectrum of the padded plane; each displacement is
    divided by the correlation that what overlaps there could have (Cauchy and Schwarz).
    """
    step = -(-max(alpha.shape) // _SIDE)
    height, width = (side // step for side in alpha.shape)
    if not height or not width:
        return 0.0
    small = (
        alpha[: height * step, : width * step].reshape(height, step, width, step).mean(axis=(1, 3), dtype=np.float32)
    )
    small -= small.mean()
    shape = tuple(fft.next_fast_len(2 * side, real=True) for side in small.shape)
    spectrum = fft.rfft2(small, shape)
    correlation = fft.irfft2(np.abs(spectrum) ** 2, shape)
    squares = small * small
    energy = fft.irfft2(fft.rfft2(squares, shape) * np.conj(fft.rfft2(np.ones_like(small), shape)), shape)
    reach_y, reach_x = height * 3 // 4, width * 3 // 4
    y, x = np.arange(-reach_y, reach_y + 1), np.arange(-reach_x, reach_x + 1)
    # What overlaps at a displacement lies at the end of one copy and at the beginning of the other.
    own, other = energy[np.ix_(y, x)], energy[np.ix_(-y, -x)]
    bound = np.sqrt(np.maximum(own * other, 0))
    likeness = np.divide(
        correlation[np.ix_(y, x)], bound, out=np.zeros_like(bound), where=bound > 0.05 * float(squares.sum())
    )
    regions, _ = ndimage.label(likeness > _ITSELF)
    elsewhere = regions != regions[reach_y, reach_x]
    distance = np.hypot(y[:, None], x[None, :]) / max(height, width)
    periods = (distance >= _PERIOD[0]) & (distance <= _PERIOD[1])
    return float(np.clip(likeness[elsewhere & periods].max(initial=0.0), 0, 1))
