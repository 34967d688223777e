"""Words and shapes in one colour, in patterns and on layers: what anomalies and their look-alikes are drawn of."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from data_pipeline.drawing.layers import Node, Pixels, Text

Variant = Callable[[np.random.Generator, int, int], Node]
Ink = tuple[int, int, int]


def words(rng: np.random.Generator, text: str, size_px: int, ink: Ink = (20, 20, 20), angle: float = 0) -> np.ndarray:
    """A line of text in Pillow's own font, cropped, uint8 RGBA."""
    font = ImageFont.load_default(size_px)
    box = font.getbbox(text)
    plane = Image.new("L", (int(box[2]) + 2, int(box[3]) + 2))
    ImageDraw.Draw(plane).text((0, 0), text, 255, font)
    plane = plane.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    return tinted(np.asarray(plane.crop(plane.getbbox())), ink)


def tinted(alpha: np.ndarray, ink: Ink) -> np.ndarray:
    """One colour under this alpha, uint8 [height, width, 4]."""
    rgba = np.zeros((*alpha.shape, 4), np.uint8)
    rgba[..., :3] = np.where(alpha[..., None] > 0, ink, 0)
    rgba[..., 3] = alpha
    return rgba


def repeated(
    mark: np.ndarray, width: int, height: int, period_px: tuple[float, float], shift_px: float, first_px: float = 0
) -> np.ndarray:
    """Copies of a mark's alpha in rows, each row moved by `shift_px` more than the one above, on the whole canvas."""
    plane = np.zeros((height, width), np.uint8)
    across, down = period_px
    rows, columns = mark.shape
    for row in range(-1, int(height / down) + 2):
        y = round(row * down + first_px % down)
        start = (row * shift_px + first_px) % across - across
        for column in range(-1, int(width / across) + 3):
            x = round(start + column * across)
            top, left, bottom, right = max(y, 0), max(x, 0), min(y + rows, height), min(x + columns, width)
            if top < bottom and left < right:
                part = plane[top:bottom, left:right]
                np.maximum(part, mark[top - y : bottom - y, left - x : right - x], out=part)
    return plane


def written(rng: np.random.Generator, width: int, height: int, text: str) -> Text:
    """A type layer with a few lines of text."""
    size = max(9, int(min(width, height) * rng.uniform(0.03, 0.06)))
    lines = [line[:60] for line in text.splitlines()[:8]]
    rasters = [words(rng, line, size) for line in lines if line.strip()]
    rgba = np.zeros((sum(one.shape[0] + 4 for one in rasters), max(one.shape[1] for one in rasters), 4), np.uint8)
    top = 0
    for one in rasters:
        rgba[top : top + one.shape[0], : one.shape[1]] = one
        top += one.shape[0] + 4
    rgba[..., :3] = np.where(rgba[..., 3:] > 0, rng.integers(0, 256, 3), 0)
    left, top = int(rng.integers(width // 2)), int(rng.integers(height // 2))
    return Text(name=text.splitlines()[0][:30], text=text, rgba=rgba, left=left, top=top)


def card(rng: np.random.Generator, width: int, height: int, name: str, ink: Ink) -> Pixels:
    columns, rows = int(width * rng.uniform(0.2, 0.6)), int(height * rng.uniform(0.2, 0.6))
    left, top = int(rng.integers(width - columns)), int(rng.integers(height - rows))
    return Pixels(name=name, rgba=tinted(np.full((rows, columns), 255, np.uint8), ink), left=left, top=top)


def named(rng: np.random.Generator, names: Sequence[str]) -> str:
    """One of these."""
    return names[int(rng.integers(len(names)))]
