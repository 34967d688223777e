"""A picture and the place that a design gives it -> a plain layer: scaled to a box, turned about its centre, faded.

What is larger than its place is resized first (`resize`), as any layer is; then every pixel of the canvas looks up
where in the picture it lies, between four of its pixels, and how far the box covers it. A picture that lies on whole
pixels at its own size, turned by right angles, keeps every value.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import types

from data_pipeline.boxes import intersect, size, tight, view
from data_pipeline.kernel import PIXELS, READ_PIXELS, inlined, kernel, packed
from data_pipeline.resize import resize_picture
from schemas.stack import Box

FARTHEST_PX = 10_000_000.0  # from the canvas's corner, and across: beyond it nothing was ever designed
_RIGHT_ANGLES = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))  # cosine and sine of 0, 90, 180, 270 degrees


@dataclass(frozen=True)
class Place:
    """A box in pixels of the canvas, not always whole ones, turned clockwise about its centre; opacity in [0, 1].

    Raises ValueError for what is no place.
    """

    left: float
    top: float
    width: float
    height: float
    degrees: float = 0.0
    opacity: float = 1.0

    def __post_init__(self) -> None:
        for name in ("left", "top", "width", "height", "degrees"):
            value = getattr(self, name)
            if not abs(value) <= FARTHEST_PX:  # nor NaN
                raise ValueError(f"{name} is {value}")
        for name in ("width", "height"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, a negative size")
        if not 0 <= self.opacity <= 1:
            raise ValueError(f"opacity is {self.opacity}; it must lie in [0, 1]")

    @property
    def is_empty(self) -> bool:
        """Whether nothing shows there."""
        return self.width == 0 or self.height == 0 or self.opacity == 0

    @property
    def box(self) -> Box:
        """The whole pixels that it reaches, on the canvas or off it."""
        cosine, sine = turn(self.degrees)
        across = (abs(cosine) * self.width + abs(sine) * self.height) / 2
        down = (abs(sine) * self.width + abs(cosine) * self.height) / 2
        x, y = self.left + self.width / 2, self.top + self.height / 2
        return math.floor(x - across), math.floor(y - down), math.ceil(x + across), math.ceil(y + down)


def turn(degrees: float) -> tuple[float, float]:
    """Cosine and sine, the same on every machine: sums of products, where libraries differ in the last bit.

    Within 45 degrees of a right angle, Taylor's series up to the 17th power is exact to the last bit but one.
    """
    quarters = round(degrees / 90)
    rest = math.radians(degrees - 90 * quarters)
    cosine = sine = 1.0
    for power in range(16, 0, -2):  # from the last term to the first
        cosine = 1 - rest * rest / (power * (power - 1)) * cosine
        sine = 1 - rest * rest / (power * (power + 1)) * sine
    sine *= rest
    c, s = _RIGHT_ANGLES[quarters % 4]
    return c * cosine - s * sine, s * cosine + c * sine


def placed(rgba: np.ndarray, place: Place, width: int, height: int) -> tuple[Box, np.ndarray] | None:
    """A straight uint8 RGBA picture [h, w, 4] on a canvas: its tight box and pixels; None where nothing shows."""
    box = intersect(place.box, (0, 0, width, height))
    if box is None or place.is_empty:
        return None
    fitting = tuple(
        min(side, max(1, math.floor(length + 0.5)))
        for side, length in ((rgba.shape[1], place.width), (rgba.shape[0], place.height))
    )
    rgba = np.ascontiguousarray(rgba)
    if fitting != (rgba.shape[1], rgba.shape[0]):
        rgba = resize_picture(rgba, fitting)
    cosine, sine = turn(place.degrees)
    layer = np.zeros((*size(box), 4), np.uint8)
    x, y = box[0] - place.left - place.width / 2, box[1] - place.top - place.height / 2
    _place(packed(rgba), packed(layer), x, y, cosine, sine, place.width, place.height, place.opacity)
    inner = tight(layer, box)
    return None if inner is None else (inner, np.ascontiguousarray(view(layer, box, inner)))


@inlined
def _covered(at: float, length: float) -> float:
    """How much of the pixel around `at` lies between 0 and `length`."""
    return max(0.0, min(at + 0.5, length) - max(at - 0.5, 0.0))


@inlined
def _between(at: np.float32, count: int) -> tuple[int, int, np.float32]:
    """The two pixels around a place, within the picture, and the share of the second."""
    first = math.floor(at)
    share = at - np.float32(first)
    return min(max(first, 0), count - 1), min(max(first + 1, 0), count - 1), share


@inlined
def _channel(pixel: np.uint32, shift: int) -> np.float32:
    return np.float32((pixel >> np.uint32(shift)) & np.uint32(255))


@kernel(types.void, READ_PIXELS, PIXELS, *[types.float64] * 7)
def _place(
    picture: np.ndarray,
    layer: np.ndarray,
    x: float,
    y: float,
    cosine: float,
    sine: float,
    width: float,
    height: float,
    opacity: float,
) -> None:
    """`x` and `y` are the layer's corner, seen from the centre of the box. Rounded half up; RGB 0 where alpha is 0."""
    rows, columns = picture.shape
    one, half, full = np.float32(1), np.float32(0.5), np.float32(255)
    for row in range(layer.shape[0]):
        down = y + row + 0.5
        for column in range(layer.shape[1]):
            across = x + column + 0.5
            u = cosine * across + sine * down + width / 2
            v = cosine * down - sine * across + height / 2
            cover = np.float32(_covered(u, width) * _covered(v, height) * opacity)
            if cover <= 0:
                continue
            left, right, s = _between(np.float32(u / width * columns - 0.5), columns)
            top, bottom, t = _between(np.float32(v / height * rows - 0.5), rows)
            p, q = picture[top, left], picture[top, right]
            m, n = picture[bottom, left], picture[bottom, right]
            wp = (one - s) * (one - t) * _channel(p, 24)
            wq = s * (one - t) * _channel(q, 24)
            wm = (one - s) * t * _channel(m, 24)
            wn = s * t * _channel(n, 24)
            total = wp + wq + wm + wn
            alpha = np.uint32(total * cover + half)
            if alpha == 0:
                continue
            pixel = alpha << np.uint32(24)
            for shift in range(0, 24, 8):
                colour = wp * _channel(p, shift) + wq * _channel(q, shift)
                colour += wm * _channel(m, shift) + wn * _channel(n, shift)
                pixel |= np.uint32(min(colour / total, full) + half) << np.uint32(shift)
            layer[row, column] = pixel
