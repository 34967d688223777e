"""The shape of a layer -> the soft shapes that shadows and glows are painted with.

A shape is grown by size * spread and then blurred by two boxes as wide as what is left of the size: measured against
Photoshop's own pictures, that is nearer than any Gaussian. The offset is rounded to whole pixels.
"""

import math

import numpy as np
from scipy import ndimage

from data_pipeline.boxes import intersect, size, view
from schemas.stack import Box

MAX_SIZE_PX = 1000  # beyond what Photoshop's dialogs offer
_WIDE_PX = 32  # a disc of a larger radius is not worth its rows


def offset_px(angle_degrees: float, distance_px: float) -> tuple[int, int]:
    """(right, down) by which a shadow falls, away from light that comes from `angle_degrees` above the horizon."""
    angle = math.radians(angle_degrees)
    return round(-distance_px * math.cos(angle)), round(distance_px * math.sin(angle))


def reach_px(size_px: float) -> int:
    """How far a shape of this size reaches beyond the layer's own."""
    return math.ceil(size_px) + 1


def softened(shape: np.ndarray, size_px: float, spread: float) -> np.ndarray:
    """`shape`, float32 [height, width] in [0, 1], grown and blurred; what lies beyond its borders counts as 0."""
    grown_px = size_px * spread
    grown = _grown(shape, grown_px) if grown_px > 0 else shape
    return _blurred(grown, round(size_px - grown_px))


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


def _grown(shape: np.ndarray, radius_px: float) -> np.ndarray:
    """The greatest opacity within a disc, of a radius that is fitted to Photoshop's pictures."""
    square = (radius_px + 0.25) ** 2
    if square > _WIDE_PX * _WIDE_PX:
        return _grown_far(shape, math.sqrt(square))
    reach = math.isqrt(int(square))
    padded = np.pad(shape, ((reach, reach), (0, 0)))
    grown = np.zeros_like(shape)
    for down in range(reach + 1):  # a disc is a row of its width for every height
        width = 2 * math.isqrt(int(square - down * down)) + 1
        rows = ndimage.maximum_filter1d(padded, width, axis=1, mode="constant")
        for place in {reach - down, reach + down}:
            np.maximum(grown, rows[place : place + shape.shape[0]], out=grown)
    return grown


def _grown_far(shape: np.ndarray, radius_px: float) -> np.ndarray:
    """Nearly the same at a cost that does not grow with the radius: by the distance from what is half opaque."""
    solid = shape >= 0.5
    if not solid.any():
        return shape
    apart, nearest = ndimage.distance_transform_edt(~solid, return_indices=True)
    edge = np.clip(radius_px + 0.5 - apart, 0, 1) * shape[tuple(nearest)]
    return np.maximum(edge.astype(np.float32), shape)


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


def moved(shape: np.ndarray, box: Box, target: Box, offset: tuple[int, int]) -> np.ndarray:
    """A shape on `box`, moved by `offset` (right, down), as it stands on `target`; 0 where it does not reach."""
    place = (box[0] + offset[0], box[1] + offset[1], box[2] + offset[0], box[3] + offset[1])
    result = np.zeros(size(target), np.float32)
    inner = intersect(place, target)
    if inner is not None:
        view(result, target, inner)[...] = view(shape, place, inner)
    return result
