"""A seed and a position in, the crop of a picture that the VAE is trained on there out.

What is drawn, `Crop`, depends on (seed, position) alone; `cut` takes it from the pixels. A layer lies on its canvas, as
the later stages show it to the VAE: cropped where it is, with what is transparent around it. No crop is transparent
throughout where its picture is not: a visible pixel is drawn first, then a window around it.
"""

from dataclasses import dataclass

import numpy as np

from data_pipeline.resize import resize_picture
from schemas.stack import Box
from training.configuration import VaeStage
from training.recipes import COMPOSITE, Size

_CROPS, _NOISE = 10_001, 10_002  # streams of random numbers, none of `order`'s

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Crop:
    """`picture` is the composite or a layer by its index; chances are in [0, 1).

    `anchor` says which of its visible pixels lies in the crop, `offset` where in it (across, down). `ground` is the RGB
    that the crop is laid on, and is opaque then; None: it keeps its alpha.
    """

    picture: int
    anchor: float
    offset: tuple[float, float]
    flipped: bool
    ground: Colour | None


def draw_crop(seed: int, position: int, layers: int, stage: VaeStage) -> Crop:
    """Of a sample that has so many layers; 0 for a flat picture."""
    rng = _generator(seed, _CROPS, position)
    chances = rng.random(7)
    colour = rng.integers(0, 256, 3)
    of_layer = layers > 0 and chances[0] < stage.layer_share
    on_ground = stage.image_channels == 3 or chances[2] < stage.rgb_share  # an RGB VAE sees no transparency
    return Crop(
        picture=int(chances[1] * layers) if of_layer else COMPOSITE,
        anchor=float(chances[3]),
        offset=(float(chances[4]), float(chances[5])),
        flipped=bool(chances[6] < 0.5),
        ground=(int(colour[0]), int(colour[1]), int(colour[2])) if on_ground else None,
    )


def draw_noise(seed: int, position: int, shape: tuple[int, int, int]) -> np.ndarray:
    """float32 [z, h, w] from the standard normal distribution, with which the posterior at a position is sampled."""
    return _generator(seed, _NOISE, position).standard_normal(shape, np.float32)


def cut(rgba: np.ndarray, box: Box, canvas: Size, crop: Crop, side_px: int) -> np.ndarray:
    """uint8 straight RGBA [side, side, 4] of a picture that lies on `box` of a canvas; RGB 0 where alpha is 0.

    A canvas whose short side is less is enlarged to it, on premultiplied colour.
    """
    if min(canvas) < side_px:
        rgba, canvas = _enlarged(_on_canvas(rgba, box, canvas), side_px)
        box = (0, 0, *canvas)
    x, y = _visible_pixel(rgba[..., 3], crop.anchor)
    left = _window(box[0] + x, crop.offset[0], canvas[0], side_px)
    top = _window(box[1] + y, crop.offset[1], canvas[1], side_px)
    inside = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
    pixels = _on_canvas(rgba, inside, (side_px, side_px))
    if crop.ground is not None:
        pixels = laid_on(pixels, crop.ground)
    return np.ascontiguousarray(pixels[:, ::-1]) if crop.flipped else pixels


def laid_on(rgba_HW4: np.ndarray, ground: Colour) -> np.ndarray:
    """The picture over a solid colour, rounded half up; opaque."""
    alpha = rgba_HW4[..., 3:].astype(np.uint16)
    mixed = rgba_HW4[..., :3] * alpha + np.array(ground, np.uint16) * (255 - alpha)
    laid = np.full_like(rgba_HW4, 255)
    laid[..., :3] = (mixed.astype(np.uint32) + 127) // 255
    return laid


def _generator(seed: int, stream: int, position: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, stream, position))))


def _visible_pixel(alpha_HW: np.ndarray, anchor: float) -> tuple[int, int]:
    """(x, y) of one pixel with alpha, of all in reading order; the middle where there is none."""
    visible = np.flatnonzero(alpha_HW)
    if not visible.size:
        return alpha_HW.shape[1] // 2, alpha_HW.shape[0] // 2
    y, x = divmod(int(visible[int(anchor * visible.size)]), alpha_HW.shape[1])
    return x, y


def _window(pixel: int, offset: float, length: int, side_px: int) -> int:
    """Where a window begins that has this pixel inside and lies on an axis of this length."""
    return min(max(pixel - int(offset * side_px), 0), length - side_px)


def _on_canvas(rgba: np.ndarray, box: Box, canvas: Size) -> np.ndarray:
    """What of a picture on `box`, which may reach beyond it, lies on a canvas; transparent elsewhere."""
    left, top, right, bottom = max(box[0], 0), max(box[1], 0), min(box[2], canvas[0]), min(box[3], canvas[1])
    painted = np.zeros((canvas[1], canvas[0], 4), np.uint8)
    if left < right and top < bottom:
        painted[top:bottom, left:right] = rgba[top - box[1] : bottom - box[1], left - box[0] : right - box[0]]
    painted[painted[..., 3] == 0] = 0
    return painted


def _enlarged(rgba_HW4: np.ndarray, side_px: int) -> tuple[np.ndarray, Size]:
    """The picture with a short side of `side_px`, and its size."""
    height, width = rgba_HW4.shape[:2]
    scale = side_px / min(width, height)
    size = max(side_px, round(width * scale)), max(side_px, round(height * scale))
    return resize_picture(rgba_HW4, size), size
