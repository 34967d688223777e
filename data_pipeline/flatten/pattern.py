"""A pattern's descriptor -> its colours on a box.

Where a tile begins is met exactly on Photoshop's own fills and overlays at their full size. How Photoshop scales and
turns a pattern has not been measured: it is scaled and turned about that point, with bilinear samples.
"""

import math
from dataclasses import dataclass

import numpy as np
from psd_tools import PSDImage
from psd_tools.composite import paint
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Key
from scipy.ndimage import affine_transform

from data_pipeline.boxes import size
from data_pipeline.colour import ColourSpace, drawn_rgb
from data_pipeline.tagged_blocks import parse_patterns
from schemas.stack import Box


@dataclass(frozen=True, eq=False)
class Paint:
    """`rgb` uint8 [height, width, 3], read-only; `alpha` float32 [height, width], None where it is opaque."""

    rgb: np.ndarray
    alpha: np.ndarray | None


def pattern_scale(descriptor: Descriptor) -> float:
    """1 where the pattern has the size of its tile. Raises ValueError where that is nothing."""
    scale = float(descriptor.get(Key.Scale, 100)) / 100
    if not scale > 0:
        raise ValueError(f"a pattern at {scale:.0%} of its size")
    return scale


def pattern_angle(descriptor: Descriptor) -> float:
    """Degrees anticlockwise in [0, 360); 0 in files of versions that did not turn patterns."""
    return float(descriptor.get(Key.Angle, 0)) % 360


def draw_pattern(descriptor: Descriptor, psd: PSDImage, box: Box, origin: tuple[int, int], space: ColourSpace) -> Paint:
    """The tiles on `box`, one of which begins at `origin`. Raises one of `tagged_blocks.UNREADABLE`."""
    parse_patterns(psd)
    pattern_scale(descriptor)  # which psd-tools would draw at any value
    angle = math.radians(pattern_angle(descriptor))
    if angle == 0:
        colour, alpha = _tiled(descriptor, psd, box, origin)
    else:
        colour, alpha = _turned(descriptor, psd, box, origin, angle)
    return Paint(drawn_rgb(space, colour), None if alpha is None else alpha[..., 0].astype(np.float32))


def _tiled(
    descriptor: Descriptor, psd: PSDImage, box: Box, origin: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray | None]:
    colour, alpha = paint.draw_pattern_fill(box, psd, descriptor, (*origin, *origin))
    if colour is None:
        raise KeyError("the pattern is not in the file")
    return colour, alpha


def _turned(
    descriptor: Descriptor, psd: PSDImage, box: Box, origin: tuple[int, int], angle: float
) -> tuple[np.ndarray, np.ndarray | None]:
    """The tiles straight, on as much as the turned box covers of them, and samples of that."""
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])  # of (down, right)
    begin, half = np.array([origin[1], origin[0]]), 0.5
    start = turn @ (np.array([box[1], box[0]]) + half - begin) + begin - half
    height, width = size(box)
    corners = start + np.array([(0, 0), (height - 1, 0), (0, width - 1), (height - 1, width - 1)]) @ turn.T
    top, left = (math.floor(least) for least in corners.min(axis=0))
    bottom, right = (math.floor(most) + 2 for most in corners.max(axis=0))
    colour, alpha = _tiled(descriptor, psd, (left, top, right, bottom), origin)

    def sampled(planes: np.ndarray) -> np.ndarray:
        result = np.empty((height, width, planes.shape[2]), np.float32)
        for channel in range(planes.shape[2]):
            plane, offset = np.ascontiguousarray(planes[..., channel]), start - (top, left)
            affine_transform(plane, turn, offset, (height, width), result[..., channel], order=1, mode="nearest")
        return result

    return sampled(colour), None if alpha is None else sampled(alpha)
