"""Shapes, letters and textures for the example designs: coverage on a canvas goes in, drawn layers come out.

Coverage is float32 [height, width] in [0, 1], drawn at four times the size and averaged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from psd_tools.constants import BlendMode

from data_pipeline.drawing import Gradient, GradientOverlay, Mask, Node, Pixels, Text

Point = tuple[float, float]
_SCALE = 4

NORMAL = BlendMode.NORMAL
MULTIPLY = BlendMode.MULTIPLY
SCREEN = BlendMode.SCREEN
OVERLAY = BlendMode.OVERLAY
SOFT_LIGHT = BlendMode.SOFT_LIGHT
LINEAR_DODGE = BlendMode.LINEAR_DODGE


@dataclass(frozen=True, eq=False)
class Design:
    """Layers are bottom to top."""

    width: int
    height: int
    layers: tuple[Node, ...]


@dataclass(frozen=True)
class Canvas:
    """Draws coverage of one size; positions are pixels from the top left corner."""

    width: int
    height: int

    def full(self) -> np.ndarray:
        return np.ones((self.height, self.width), np.float32)

    def grid(self, left: float = 0, top: float = 0) -> tuple[np.ndarray, np.ndarray]:
        """y and x of every pixel, counted from a corner."""
        y, x = np.mgrid[: self.height, : self.width].astype(np.float32)
        return y - top, x - left

    def box(self, left: float, top: float, right: float, bottom: float, radius: float = 0) -> np.ndarray:
        corners = [value * _SCALE for value in (left, top, right, bottom)]
        return self._draw(lambda pen: pen.rounded_rectangle(_inclusive(corners), radius * _SCALE, fill=255))

    def disc(self, x: float, y: float, radius: float, radius_y: float | None = None) -> np.ndarray:
        ry = radius if radius_y is None else radius_y
        corners = [value * _SCALE for value in (x - radius, y - ry, x + radius, y + ry)]
        return self._draw(lambda pen: pen.ellipse(_inclusive(corners), fill=255))

    def ring(self, x: float, y: float, radius: float, width: float) -> np.ndarray:
        return self.disc(x, y, radius + width / 2) - self.disc(x, y, radius - width / 2)

    def polygon(self, points: Sequence[Point]) -> np.ndarray:
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        return self._draw(lambda pen: pen.polygon(scaled, fill=255))

    def line(self, points: Sequence[Point], width: float) -> np.ndarray:
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        return self._draw(lambda pen: pen.line(scaled, fill=255, width=round(width * _SCALE), joint="curve"))

    def letters(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        *,
        spacing: float = 0,
        weight: float = 0,
        align: float = 0,
    ) -> np.ndarray:
        """One line whose middle is at `y`; `align` puts its left (0), centre (0.5) or right (1) end at `x`."""
        font = ImageFont.load_default(size * _SCALE)
        advances = [font.getlength(letter) + spacing * _SCALE for letter in text]
        start = x * _SCALE - align * (sum(advances) - spacing * _SCALE)

        def paint(pen: ImageDraw.ImageDraw) -> None:
            left = start
            for letter, advance in zip(text, advances, strict=True):
                pen.text((left, y * _SCALE), letter, font=font, fill=255, anchor="lm", stroke_width=weight * _SCALE / 2)
                left += advance

        return self._draw(paint)

    def arc_letters(
        self, text: str, x: float, y: float, radius: float, size: float, middle: float, step: float, weight: float = 0
    ) -> np.ndarray:
        """Letters around a circle, `step` degrees apart, centred on the angle `middle` (0 at the top, clockwise).

        A negative step writes along the inside of the lower half, upright.
        """
        font = ImageFont.load_default(size * _SCALE)
        side = round(2.4 * size * _SCALE)
        total = Image.new("L", (self.width * _SCALE, self.height * _SCALE))
        for index, letter in enumerate(text):
            angle = middle + step * (index - (len(text) - 1) / 2)
            tile = Image.new("L", (side, side))
            ImageDraw.Draw(tile).text(
                (side / 2, side / 2), letter, font=font, fill=255, anchor="mm", stroke_width=weight * _SCALE / 2
            )
            turned = tile.rotate(-angle if step > 0 else 180 - angle, Image.Resampling.BICUBIC)
            radians = np.deg2rad(angle)
            centre = (x + radius * np.sin(radians)) * _SCALE, (y - radius * np.cos(radians)) * _SCALE
            total.paste(255, (round(centre[0] - side / 2), round(centre[1] - side / 2)), turned)
        return self._reduced(total)

    def ridge(self, level: float, roughness: float, seed: int) -> np.ndarray:
        """Everything below a mountain line that wanders around the height `level`."""
        rng = np.random.default_rng(seed)
        x = np.linspace(0, 1, self.width * _SCALE + 1)
        line = np.full_like(x, level)
        for octave in range(1, 8):
            knots = 2**octave + 1
            line += np.interp(x, np.linspace(0, 1, knots), rng.normal(0, 1, knots)) * roughness / 1.8**octave
        points = list(zip(x * self.width, line, strict=True))
        return self.polygon([(0.0, self.height), *points, (self.width, self.height)])

    def fade(self, start: Point, end: Point) -> np.ndarray:
        """1 at `start` and before it, 0 at `end` and beyond."""
        y, x = np.mgrid[: self.height, : self.width].astype(np.float32) + 0.5
        dx, dy = end[0] - start[0], end[1] - start[1]
        along = ((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy)
        return (1 - np.clip(along, 0, 1)).astype(np.float32)

    def glow(self, x: float, y: float, radius: float, power: float = 2) -> np.ndarray:
        """1 in the middle, falling to 0 at the radius."""
        rows, columns = np.mgrid[: self.height, : self.width].astype(np.float32) + 0.5
        return np.clip(1 - np.hypot(columns - x, rows - y) / radius, 0, 1) ** power

    def clouds(self, size: float, seed: int, stretch: float = 1) -> np.ndarray:
        """Smooth noise in [0, 1] whose largest features measure `size` pixels, `stretch` times that across."""
        rng = np.random.default_rng(seed)
        total, share = np.zeros((self.height, self.width), np.float32), 1.0
        while size >= 2:
            rows, columns = int(self.height / size) + 3, int(self.width / size / stretch) + 3
            coarse = Image.fromarray(rng.random((rows, columns)).astype(np.float32))
            total += share * np.asarray(coarse.resize((self.width, self.height), Image.Resampling.BICUBIC))
            size, share = size / 2, share * 0.5
        low, high = np.percentile(total, (1, 99))
        return np.clip((total - low) / (high - low), 0, 1)

    def _draw(self, paint: Callable[[ImageDraw.ImageDraw], Any]) -> np.ndarray:
        image = Image.new("L", (self.width * _SCALE, self.height * _SCALE))
        paint(ImageDraw.Draw(image))
        return self._reduced(image)

    def _reduced(self, image: Image.Image) -> np.ndarray:
        small = np.asarray(image.reduce(_SCALE), np.float32)
        return small / 255


def blurred(coverage: np.ndarray, radius: float) -> np.ndarray:
    """Soft by `radius` pixels."""
    image = Image.fromarray(np.rint(coverage * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(image, np.float32) / 255


def turned(coverage: np.ndarray, angle: float, x: float, y: float) -> np.ndarray:
    """Turned counter-clockwise by `angle` degrees around (x, y)."""
    image = Image.fromarray(np.rint(coverage * 255).astype(np.uint8))
    return np.asarray(image.rotate(angle, Image.Resampling.BICUBIC, center=(x, y)), np.float32) / 255


def mixed(stops: Sequence[str], share: np.ndarray) -> np.ndarray:
    """The colour at a share in [0, 1] of the way through evenly spaced stops: float32 [height, width, 3]."""
    colours = np.array([colour(stop) for stop in stops], np.float32)
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(share, places, colours[:, c]) for c in range(3)], axis=2)


def colour(code: str) -> tuple[int, int, int]:
    """`#rrggbb` as bytes."""
    red, green, blue = bytes.fromhex(code.removeprefix("#"))
    return red, green, blue


def pixels(name: str, coverage: np.ndarray, paint: str | np.ndarray, **options: Any) -> Pixels:
    """A pixel layer of one colour, or of an array of colours, cropped to what it covers."""
    rgba, left, top = _cropped(coverage, paint)
    return Pixels(name=name, rgba=rgba, left=left, top=top, **options)


def words(text: str, coverage: np.ndarray, paint: str | np.ndarray, **options: Any) -> Text:
    """A type layer, named after its text as Photoshop does."""
    rgba, left, top = _cropped(coverage, paint)
    return Text(name=text, text=text, rgba=rgba, left=left, top=top, **options)


def sweep(*codes: str, opacity: float = 1) -> GradientOverlay:
    """A gradient overlay through evenly spaced colours, from left to right.

    Straight between its stops: psd-tools, which paints what the file stores as its composite, knows no smoother one,
    nor how long Photoshop makes the line of one at an angle.
    """
    stops = tuple((k / (len(codes) - 1), colour(code), 1.0) for k, code in enumerate(codes))
    return GradientOverlay(Gradient(stops, angle=0, smoothness=0), opacity=opacity)


def mask(coverage: np.ndarray, **options: Any) -> Mask:
    """A layer mask as large as the canvas."""
    return Mask(np.rint(np.clip(coverage, 0, 1) * 255).astype(np.uint8), **options)


def _cropped(coverage: np.ndarray, paint: str | np.ndarray) -> tuple[np.ndarray, int, int]:
    alpha = np.rint(np.clip(coverage, 0, 1) * 255).astype(np.uint8)
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    rgba = np.empty((*alpha.shape, 4), np.uint8)
    rgba[..., :3] = colour(paint) if isinstance(paint, str) else np.rint(np.clip(paint, 0, 255))
    rgba[..., 3] = alpha
    return rgba[top:bottom, left:right].copy(), int(left), int(top)


def _inclusive(corners: Sequence[float]) -> list[float]:
    """Pillow counts the last pixel in."""
    left, top, right, bottom = corners
    return [left, top, right - 1, bottom - 1]
