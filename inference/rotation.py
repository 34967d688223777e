"""A layer's pixels, an angle and a box in, the pixels turned about the box's centre out.

Turns by whole right angles move pixels and change none. Others take Catmull-Rom's cubic of 4 x 4 pixels, on
premultiplied colour; around the layer all is transparent.
"""

import math

import numpy as np
from numba import types

from data_pipeline.boxes import intersect, size
from data_pipeline.kernel import READ_U8_3D, U8_3D, inlined, kernel
from schemas.stack import Box

_REACH_PX = 2  # of the filter


def turned(
    rgba: np.ndarray, box: Box, degrees: float, about: Box, canvas: tuple[int, int]
) -> tuple[np.ndarray, Box] | None:
    """uint8 straight RGBA on `box`, turned clockwise about the centre of `about`; cut off by the canvas.

    `canvas` is (width, height). None where nothing is left on it. Where a right angle puts the pixels between those of
    the canvas, they move half a pixel towards where they were, so that four right angles are none.
    """
    quarters = degrees / 90
    if quarters == round(quarters):
        return _quarter_turned(rgba, box, round(quarters) % 4, about, canvas)
    angle = math.radians(math.fmod(degrees, 360))
    cosine, sine = math.cos(angle), math.sin(angle)
    centre = (about[0] + about[2]) / 2, (about[1] + about[3]) / 2
    target = intersect(_reached(box, cosine, sine, centre), (0, 0, *canvas))
    if target is None:
        return None
    pixels = np.zeros((*size(target), 4), np.uint8)
    _turn(rgba, box[0], box[1], cosine, sine, centre[0], centre[1], target[0], target[1], pixels)
    return pixels, target


def _quarter_turned(
    rgba: np.ndarray, box: Box, quarters: int, about: Box, canvas: tuple[int, int]
) -> tuple[np.ndarray, Box] | None:
    left, top, right, bottom = box
    before = left - about[0], top - about[1]  # how far the box stands inside of `about`, on either side
    behind = about[2] - right, about[3] - bottom
    half = int(((about[2] - about[0]) - (about[3] - about[1])) / 2)  # towards 0
    across, down = (bottom - top, right - left) if quarters % 2 else (right - left, bottom - top)
    if quarters == 0:
        x, y = before
    elif quarters == 1:
        x, y = half + behind[1], before[0] - half
    elif quarters == 2:
        x, y = behind
    else:
        x, y = half + before[1], behind[0] - half
    x, y = about[0] + x, about[1] + y
    whole = (x, y, x + across, y + down)
    target = intersect(whole, (0, 0, *canvas))
    if target is None:
        return None
    pixels = np.rot90(rgba, -quarters)[target[1] - y : target[3] - y, target[0] - x : target[2] - x]
    return np.ascontiguousarray(pixels), target


def _reached(box: Box, cosine: float, sine: float, centre: tuple[float, float]) -> Box:
    """Around all pixels that can get a share of one in the box."""
    corners = [(x - centre[0], y - centre[1]) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs = [centre[0] + cosine * x - sine * y for x, y in corners]
    ys = [centre[1] + sine * x + cosine * y for x, y in corners]
    low = math.floor(min(xs)) - _REACH_PX, math.floor(min(ys)) - _REACH_PX
    return (*low, math.ceil(max(xs)) + _REACH_PX, math.ceil(max(ys)) + _REACH_PX)


@inlined
def _weights(offset: float, weights: np.ndarray) -> None:
    """Catmull-Rom's of the four pixels around a place `offset` in [0, 1) behind the second."""
    square = offset * offset
    weights[0] = -0.5 * offset + square - 0.5 * offset * square
    weights[1] = 1.0 - 2.5 * square + 1.5 * offset * square
    weights[2] = 0.5 * offset + 2.0 * square - 1.5 * offset * square
    weights[3] = 0.5 * square * (offset - 1.0)


@kernel(
    types.void,
    READ_U8_3D,
    types.int64,
    types.int64,
    types.float64,
    types.float64,
    types.float64,
    types.float64,
    types.int64,
    types.int64,
    U8_3D,
)
def _turn(
    rgba: np.ndarray,
    left: int,
    top: int,
    cosine: float,
    sine: float,
    centre_x: float,
    centre_y: float,
    target_left: int,
    target_top: int,
    pixels: np.ndarray,
) -> None:
    height, width = rgba.shape[0], rgba.shape[1]
    across, down = np.empty(4), np.empty(4)
    for row in range(pixels.shape[0]):
        dy = target_top + row + 0.5 - centre_y
        for column in range(pixels.shape[1]):
            dx = target_left + column + 0.5 - centre_x
            x = centre_x + cosine * dx + sine * dy - 0.5 - left  # in pixels of the source, 0 at the first one's centre
            y = centre_y - sine * dx + cosine * dy - 0.5 - top
            if x <= -2 or y <= -2 or x >= width + 1 or y >= height + 1:
                continue
            first_x, first_y = int(np.floor(x)) - 1, int(np.floor(y)) - 1
            _weights(x - first_x - 1, across)
            _weights(y - first_y - 1, down)
            red = green = blue = alpha = 0.0
            for i in range(max(0, -first_y), min(4, height - first_y)):
                for k in range(max(0, -first_x), min(4, width - first_x)):
                    pixel = rgba[first_y + i, first_x + k]
                    share = down[i] * across[k] * pixel[3]
                    alpha += share
                    red += share * pixel[0]
                    green += share * pixel[1]
                    blue += share * pixel[2]
            if alpha < 0.5:
                continue
            pixels[row, column, 0] = np.uint8(min(max(red / alpha, 0.0), 255.0) + 0.5)
            pixels[row, column, 1] = np.uint8(min(max(green / alpha, 0.0), 255.0) + 0.5)
            pixels[row, column, 2] = np.uint8(min(max(blue / alpha, 0.0), 255.0) + 0.5)
            pixels[row, column, 3] = np.uint8(min(alpha, 255.0) + 0.5)
