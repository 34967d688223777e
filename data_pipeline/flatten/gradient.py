"""A gradient's descriptor -> its colours and opacities on a box.

Fitted to rasters that Photoshop keeps of its own gradient fills: the line of a gradient runs through the middle of
what it is laid out on and ends at its border; a colour is taken at a pixel's upper left corner.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import types
from psd_tools.composite import paint
from psd_tools.constants import ColorMode, GradientType
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Enum, Key, Type

from data_pipeline.boxes import size
from data_pipeline.colour import ColourSpace, described_rgb
from data_pipeline.flatten.ramp import SMOOTHEST, Stops, in_order, ramp, rgb_ramp
from data_pipeline.kernel import F32_2D, U8_3D, kernel
from schemas.stack import Box

_STEPS = 4096  # of the table, as many as a stop's location has
_STYLES = (Enum.Linear, Enum.Radial, Enum.Angle, Enum.Reflected, Enum.Diamond)
_METHODS = (b"gradientsInterpolationMethod", b"gs99")
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

    Raises one of `tagged_blocks.UNREADABLE` where it cannot be read.
    """
    style = _STYLES.index(descriptor[Key.Type].enum)
    line = _line(descriptor, anchor)
    colours, alphas = gradient_tables(descriptor, space)
    rgb, alpha = np.empty((*size(box), 3), np.uint8), np.empty(size(box), np.float32)
    _paint(style, (line.x - box[0], line.y - box[1], line.right, line.down), colours, alphas, rgb, alpha)
    return rgb, alpha


def is_shape_burst(descriptor: Descriptor) -> bool:
    """Whether a gradient runs across a stroke, from its outer edge inwards. Raises as `draw_gradient`."""
    return bool(descriptor[Key.Type].enum == GradientType.SHAPE_BURST.value)


def draw_along(descriptor: Descriptor, places: np.ndarray, space: ColourSpace) -> tuple[np.ndarray, np.ndarray]:
    """As `draw_gradient`, of a gradient whose `places`, [height, width], are 0 where it begins and 1 where it ends."""
    colours, alphas = gradient_tables(descriptor, space)
    steps = np.rint(np.clip(places, 0, 1) * (_STEPS - 1)).astype(np.intp)
    return colours[steps], alphas[steps]


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
    if is_noise(descriptor):
        return _middle_of_noise(gradient, space)
    smoothness = float(gradient.get(b"Intr", SMOOTHEST)) / SMOOTHEST
    if not 0 <= smoothness <= 1:
        raise ValueError(f"a gradient of smoothness {smoothness}, which is no number from 0 to 1")
    values = np.array([paint._get_color(space.mode, stop) for stop in gradient[Key.Colors]], np.float64)
    method = next((descriptor[key].enum for key in _METHODS if key in descriptor), None)
    stops = _stops(gradient[Key.Colors], values)
    if space.mode == ColorMode.RGB:
        colours = rgb_ramp(stops, places, smoothness, method)
    else:
        colours = ramp(stops, places, smoothness)
    alphas = np.ones(_STEPS, np.float32)
    if gradient.get(Key.Transparency):
        shares = np.array([[float(stop[Key.Opacity]) / 100] for stop in gradient[Key.Transparency]])
        alphas = ramp(_stops(gradient[Key.Transparency], shares), places, smoothness)[:, 0]
    if not (np.isfinite(colours).all() and np.isfinite(alphas).all()):
        raise ValueError("a gradient of what is no number")
    rgb = described_rgb(space, np.clip(colours, 0, 1)[np.newaxis].astype(np.float32))[0]
    alphas = np.clip(alphas, 0, 1).astype(np.float32)
    if bool(descriptor.get(Key.Reverse, False)):
        rgb, alphas = rgb[::-1], alphas[::-1]
    return np.ascontiguousarray(rgb), np.ascontiguousarray(alphas)


def is_noise(descriptor: Descriptor) -> bool:
    """Whether a gradient is of noise. Raises as `draw_gradient`."""
    return bool(descriptor[Key.Gradient][Type.GradientForm].enum == Enum.ColorNoise)


def _middle_of_noise(gradient: Descriptor, space: ColourSpace) -> tuple[np.ndarray, np.ndarray]:
    """The middle of its range, in its own colour model, all along: what Photoshop's generator makes of a seed is not
    known. Exact where the range is one colour (found by psd-tools), else some 60/255 off (`b7f46752_src.psd`)."""
    least, most = (np.array([float(v) for v in gradient[key]]) for key in (Key.Minimum, Key.Maximum))
    middle = np.clip((least + most) / 200, 0, 1)
    if middle.shape != (4,) or not np.isfinite(middle).all():
        raise ValueError("a gradient of noise without four ranges")
    colour = paint._noise_to_canvas(space.mode, gradient[Key.ColorSpace].enum, middle[np.newaxis, :3])
    rgb = np.repeat(described_rgb(space, colour[np.newaxis])[0], _STEPS, axis=0)
    return rgb, np.full(_STEPS, middle[3] if gradient.get(Key.ShowTransparency) else 1, np.float32)


def _stops(stops: Sequence[Descriptor], values: np.ndarray) -> Stops:
    at = np.array([float(stop[Key.Location]) for stop in stops])
    return in_order(at, np.array([float(stop.get(Key.Midpoint, 50)) for stop in stops]), values)


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
