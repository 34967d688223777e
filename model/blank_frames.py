"""Layers that a model drew in, how much is on each, and how many there are before it stopped, out.

Legend: N layers, C channels (the last is alpha), H W pixels.
"""

from torch import Tensor

BLANK = 1 / 255  # mean alpha below which a trailing layer says that the picture has no more


def mean_alpha(x_NCHW: Tensor) -> list[float]:
    """Of each RGBA layer in [-1, 1], in [0, 1]."""
    return [float(value) for value in (x_NCHW[:, 3].float().clamp(-1, 1).mean(dim=(1, 2)) + 1) / 2]


def without_blank_end(x_NCHW: Tensor) -> Tensor:
    """Without the trailing layers whose mean alpha is under 1/255; one layer stays at least."""
    alphas = mean_alpha(x_NCHW)
    count = max((index + 1 for index, alpha in enumerate(alphas) if alpha >= BLANK), default=1)
    return x_NCHW[:count]
