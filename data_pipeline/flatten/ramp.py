"""The stops of a gradient -> the colours along it.

Fitted to rasters that Photoshop keeps of its own gradient fills: a smooth classic gradient is a Catmull-Rom spline
through its stops whose first and last stand twice.
"""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from data_pipeline.colour import srgb_light, srgb_values

SMOOTHEST = 4096.0  # a gradient's smoothness, and a stop's last location
_END_TANGENT = 0.7  # of the newer smooth gradient, as a share of the straight way
_LINEAR, _PERCEPTUAL, _SMOOTH = b"Lnr ", b"Perc", b"Smoo"  # ways to interpolate, beside the classic one


class Stops(NamedTuple):
    """`at` their places in [0, 1], ascending; `values` [stops, channels]; `half` is where on its way from the stop
    before a change is half done."""

    at: np.ndarray
    values: np.ndarray
    half: np.ndarray


def in_order(locations: np.ndarray, midpoints: np.ndarray, values: np.ndarray) -> Stops:
    """Stops as a file has them, in 1/4096 and in percent, at least one; a single one stands twice."""
    at, half = locations / SMOOTHEST, midpoints / 100
    order = np.argsort(at, kind="stable")
    if len(at) == 1:
        order = np.array([0, 0])
    return Stops(at[order], values[order], np.clip(half[order], 0.01, 0.99))


def rgb_ramp(stops: Stops, places: np.ndarray, smoothness: float, method: bytes | None) -> np.ndarray:
    """As `ramp`, in RGB, where the newer methods interpolate light or OKLab; any other name is the classic one."""
    if method not in _WAYS:
        return ramp(stops, places, smoothness)
    there, back = _WAYS[method]
    inside = stops._replace(values=there(stops.values))
    if method == _SMOOTH:
        return back(_spline_through_middles(inside, places))
    return back(ramp(inside, places, smoothness))


def ramp(stops: Stops, places: np.ndarray, smoothness: float) -> np.ndarray:
    """float64 [places, channels]: straight from stop to stop, or as far as it is smooth a Catmull-Rom spline."""
    at, values, half = stops
    left = np.clip(np.searchsorted(at, places, side="right") - 1, 0, len(at) - 2)
    u = np.clip((places - at[left]) / np.maximum(at[left + 1] - at[left], 1e-9), 0, 1)
    middle = half[left + 1]
    u = np.where(u < middle, 0.5 * u / middle, 0.5 + 0.5 * (u - middle) / (1 - middle))[:, np.newaxis]
    before, start, end, after = (values[np.clip(left + step, 0, len(at) - 1)] for step in (-1, 0, 1, 2))
    way, leaves, arrives = end - start, (end - before) / 2, (after - start) / 2
    spline = u * (leaves + u * (3 * way - 2 * leaves - arrives + u * (leaves + arrives - 2 * way)))
    result: np.ndarray = start + u * way + smoothness * (spline - u * way)
    return result


def _spline_through_middles(stops: Stops, places: np.ndarray) -> np.ndarray:
    """Photoshop's newer smooth gradient, found by measuring: a Hermite spline through the stops and through the middle
    of each change, which it passes straight; less than 3/255 off."""
    apart = stops.at[1:] > stops.at[:-1]
    keep = np.concatenate([[True], apart])
    at, values, half = stops.at[keep], stops.values[keep], stops.half[keep]
    if len(at) == 1:
        return np.repeat(values, len(places), axis=0)
    steps = (values[1:] - values[:-1]) / (at[1:] - at[:-1])[:, np.newaxis]
    around = (values[2:] - values[:-2]) / (at[2:] - at[:-2])[:, np.newaxis]
    tangents = np.concatenate([_END_TANGENT * steps[:1], around, _END_TANGENT * steps[-1:]])
    knots = np.concatenate([at, at[:-1] + half[1:] * (at[1:] - at[:-1])])
    order = np.argsort(knots)
    through = np.concatenate([values, (values[1:] + values[:-1]) / 2])[order]
    spline = CubicHermiteSpline(knots[order], through, np.concatenate([tangents, steps])[order])
    result: np.ndarray = spline(np.clip(places, at[0], at[-1]))
    return result


# Ottosson, "A perceptual color space for image processing": linear sRGB to cone responses, and their roots to OKLab
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)


def _to_roots(rgb: np.ndarray) -> np.ndarray:
    """The cube roots of the cone responses: OKLab is linear in them, so to interpolate them is to interpolate it."""
    return np.cbrt(srgb_light(rgb) @ _TO_CONES.T)


def _from_roots(roots: np.ndarray) -> np.ndarray:
    return _from_light(roots**3 @ np.linalg.inv(_TO_CONES).T)


def _from_light(light: np.ndarray) -> np.ndarray:
    return srgb_values(np.clip(light, 0, 1))


_WAYS = {_LINEAR: (srgb_light, _from_light), _PERCEPTUAL: (_to_roots, _from_roots), _SMOOTH: (_to_roots, _from_roots)}
