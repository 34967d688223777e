"""The shape of a layer -> the soft shapes that shadows and glows are painted with.

A shape is grown by size * spread, in whole pixels, and then blurred by two boxes as wide as what is left of the size:
measured against Photoshop's own pictures, that is nearer than any Gaussian. The offset is rounded to whole pixels.
"""

import math

import numpy as np
from scipy import ndimage

from data_pipeline.flatten.effects.growth import grow


def offset_px(angle_degrees: float, distance_px: float) -> tuple[int, int]:
    """(right, down) by which a shadow falls, away from light that comes from `angle_degrees` above the horizon."""
    angle = math.radians(angle_degrees)
    return round(-distance_px * math.cos(angle)), round(distance_px * math.sin(angle))


def reach_px(size_px: float) -> int:
    """How far a shape of this size reaches beyond the layer's own."""
    return math.ceil(size_px) + 1


def softened(shape: np.ndarray, size_px: float, spread: float = 0.0) -> np.ndarray:
    """`shape`, float32 [height, width] in [0, 1], grown and blurred; what lies beyond its borders counts as 0."""
    grown_px = size_px * spread
    if grown_px < 1:  # Photoshop grows by no less
        return _blurred(shape, round(size_px - grown_px))
    return _blurred(grow(shape, round(grown_px)), round(size_px - grown_px))


def faded(shape: np.ndarray, size_px: float, spread: float) -> np.ndarray:
    """The precise technique of a glow: `shape` full as far as size * spread from its edge, fading straight to the size.

    No picture of Photoshop's at hand shows one.
    """
    solid = shape >= 0.5
    if not solid.any():
        return shape
    apart = ndimage.distance_transform_edt(~solid) - 0.5
    fade = np.clip((size_px - apart) / max(size_px * (1 - spread), 1.0), 0, 1).astype(np.float32)
    return np.maximum(fade, shape)


def _blurred(shape: np.ndarray, width_px: int) -> np.ndarray:
    """Two box blurs on each axis."""
    if width_px <= 1:
        return shape
    for axis in (0, 1):
        margins = [(0, 0), (0, 0)]
        margins[axis] = (width_px, width_px - 1)
        sums = np.cumsum(np.pad(shape, margins), axis=axis, dtype=np.float64)
        means = (_from(sums, width_px, axis) - _up_to(sums, -width_px, axis)) / width_px
        margins[axis] = (1, 0)
        sums = np.cumsum(np.pad(means, margins), axis=axis)
        shape = ((_from(sums, width_px, axis) - _up_to(sums, -width_px, axis)) / width_px).astype(np.float32)
    return shape


def _from(array: np.ndarray, start: int, axis: int) -> np.ndarray:
    return array[start:] if axis == 0 else array[:, start:]


def _up_to(array: np.ndarray, stop: int, axis: int) -> np.ndarray:
    return array[:stop] if axis == 0 else array[:, :stop]
