"""A gradient's descriptor -> its colours and opacities on a box.

Fitted to rasters that Photoshop keeps of its own gradient fills: the line of a gradient runs through the middle of
what it is laid out on and ends at its border; a colour is taken at a pixel's upper left corner; a smooth classic
gradient is a Catmull-Rom spline through its stops whose first and last stand twice.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import types
from psd_tools.composite import paint
from psd_tools.constants import ColorMode
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Enum, Key, Type
from scipy.interpolate import CubicHermiteSpline

from data_pipeline.boxes import size
from data_pipeline.colour import ColourSpace, drawn_rgb, srgb_light, srgb_values
from data_pipeline.kernel import F32_2D, U8_3D, kernel
from schemas.stack import Box

_STEPS = 4096  # of the table, as many as a stop's location has
_STYLES = (Enum.Linear, Enum.Radial, Enum.Angle, Enum.Reflected, Enum.Diamond)
_SMOOTHEST = 4096.0
_END_TANGENT = 0.7  # of the newer smooth gradient, as a share of the straight way
_METHODS = (b"gradientsInterpolationMethod", b"gs99")
_LINEAR, _PERCEPTUAL, _SMOOTH = b"Lnr ", b"Perc", b"Smoo"  # ways to interpolate, beside the classic one
Anchor = tuple[float, float, float, float]


class _Line(NamedTuple):
    """From a point, in pixels, by a vector."""

    x: float
    y: float
    right: float
    down: float


def draw_gradient(
    descriptor: Descriptor, box: Box, anchor: Anchor, space: ColourSpace
) -> tuple[np.ndarray, np.ndarray]:
    """(uint8 RGB [height, width, 3], float32 alpha [height, width]) on `box` of a gradient laid out on `anchor`.

    Raises ValueError, KeyError or AttributeError where it cannot be read.
    """
    style = _STYLES.index(descriptor[Key.Type].enum)
    line = _line(descriptor, anchor)
    colours, alphas = gradient_tables(descriptor, space)
    rgb, alpha = np.empty((*size(box), 3), np.uint8), np.empty(size(box), np.float32)
    _paint(style, (line.x - box[0], line.y - box[1], line.right, line.down), colours, alphas, rgb, alpha)
    return rgb, alpha


def _line(descriptor: Descriptor, anchor: Anchor) -> _Line:
    """From end to end of a linear gradient, from the middle of any other. Photoshop's points are whole pixels."""
    angle = math.radians(float(descriptor.get(Key.Angle, 0)))
    scale = float(descriptor.get(Key.Scale, 100)) / 100
    width, height = max(anchor[2] - anchor[0], 1), max(anchor[3] - anchor[1], 1)
    half = min(width / max(abs(math.cos(angle)), 1e-9), height / max(abs(math.sin(angle)), 1e-9)) * scale / 2
    if not 0 < half < 1e7:
        raise ValueError(f"a gradient {2 * half} px long")
    offset = descriptor.get(Key.Offset)
    moved = (0.0, 0.0) if offset is None else (float(offset[Key.Horizontal]), float(offset[Key.Vertical]))
    x = math.floor(round((anchor[0] + anchor[2]) / 2 + width * moved[0] / 100, 3))
    y = math.floor(round((anchor[1] + anchor[3]) / 2 + height * moved[1] / 100, 3))
    right, down = round(half * math.cos(angle), 3), round(-half * math.sin(angle), 3)
    whole = math.floor if scale == 1 else math.trunc
    end = (whole(right) or 1e-3 * right, whole(down) or 1e-3 * down)
    if descriptor[Key.Type].enum != Enum.Linear:
        return _Line(x, y, *end)
    start = (whole(-right), whole(-down))
    return _Line(x + start[0], y + start[1], end[0] - start[0], end[1] - start[1])


def gradient_tables(descriptor: Descriptor, space: ColourSpace) -> tuple[np.ndarray, np.ndarray]:
    """(uint8 RGB [steps, 3], float32 alpha [steps]) from the gradient's begin to its end. Raises as `draw_gradient`."""
    gradient = descriptor[Key.Gradient]
    places = np.linspace(0, 1, _STEPS, dtype=np.float32)
    mode = space.mode
    if gradient[Type.GradientForm].enum != Enum.CustomStops:
        raise ValueError("a gradient of noise")  # psd-tools' noise is not Photoshop's: 80/255 off
    smoothness = float(gradient.get(b"Intr", _SMOOTHEST)) / _SMOOTHEST
    values = np.array([paint._get_color(mode, stop) for stop in gradient[Key.Colors]], np.float64)
    method = next((descriptor[key].enum for key in _METHODS if key in descriptor), None)
    if mode != ColorMode.RGB or method not in _WAYS:
        colours = _spline(_stops(gradient[Key.Colors], values), places, smoothness)
    else:
        there, back = _WAYS[method]
        stops = _stops(gradient[Key.Colors], there(values))
        smooth = method == _SMOOTH
        colours = back(_spline_through_middles(stops, places) if smooth else _spline(stops, places, smoothness))
    alphas = np.ones(_STEPS, np.float32)
    if gradient.get(Key.Transparency):
        shares = np.array([[float(stop[Key.Opacity]) / 100] for stop in gradient[Key.Transparency]])
        alphas = _spline(_stops(gradient[Key.Transparency], shares), places, smoothness)[:, 0]
    rgb = drawn_rgb(space, np.clip(colours, 0, 1)[np.newaxis].astype(np.float32))[0]
    alphas = np.clip(alphas, 0, 1).astype(np.float32)
    if bool(descriptor.get(Key.Reverse, False)):
        rgb, alphas = rgb[::-1], alphas[::-1]
    return np.ascontiguousarray(rgb), np.ascontiguousarray(alphas)


class _Stops(NamedTuple):
    """`at` their places in [0, 1], ascending; `values` [stops, channels]; `half` is where on its way from the stop
    before a change is half done."""

    at: np.ndarray
    values: np.ndarray
    half: np.ndarray


def _stops(stops: Sequence[Descriptor], values: np.ndarray) -> _Stops:
    at = np.array([float(stop[Key.Location]) / _SMOOTHEST for stop in stops])
    half = np.array([float(stop.get(Key.Midpoint, 50)) / 100 for stop in stops])
    order = np.argsort(at, kind="stable")
    if len(at) == 1:
        order = np.array([0, 0])
    return _Stops(at[order], values[order], np.clip(half[order], 0.01, 0.99))


def _spline(stops: _Stops, places: np.ndarray, smoothness: float) -> np.ndarray:
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


def _spline_through_middles(stops: _Stops, places: np.ndarray) -> np.ndarray:
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


@kernel(
    types.void,
    types.intp,
    types.UniTuple(types.float64, 4),
    types.Array(types.uint8, 2, "C", readonly=True),
    types.Array(types.float32, 1, "C", readonly=True),
    U8_3D,
    F32_2D,
)
def _paint(
    style: int,
    line: tuple[float, float, float, float],
    colours: np.ndarray,
    alphas: np.ndarray,
    rgb: np.ndarray,
    alpha: np.ndarray,
) -> None:
    start_x, start_y, right, down = line
    square = right * right + down * down
    last = len(alphas) - 1
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            along = ((x - start_x) * right + (y - start_y) * down) / square
            across = ((x - start_x) * down - (y - start_y) * right) / square
            if style == 0:
                t = along
            elif style == 1:
                t = math.hypot(along, across)
            elif style == 2:
                t = (math.atan2(-across, along) / (2 * math.pi)) % 1.0
            elif style == 3:
                t = abs(along)
            else:
                t = abs(along) + abs(across)
            place = int(min(max(t, 0.0), 1.0) * last + 0.5)
            rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2] = colours[place, 0], colours[place, 1], colours[place, 2]
            alpha[y, x] = alphas[place]
