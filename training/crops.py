"""A seed and a position in, the crop of a picture that the VAE is trained on there out.

What is drawn, `Crop`, depends on (seed, position) alone; `cut` takes it from the pixels. A layer lies on its canvas, as
the later stages show it to the VAE, with what is transparent around it. No crop is transparent throughout where its
picture is not: a visible pixel is drawn first, then a window around it.
"""

from dataclasses import dataclass

import numpy as np

from data_pipeline.resize import resize_picture
from training.configuration import VaeStage
from training.recipes import COMPOSITE

_STREAM = 4 << 16  # of random numbers, from which no other part draws

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Crop:
    """`picture` is the composite or a layer by its index.

    `anchor` in [0, 1) says which of its visible pixels lies in the crop, `offset` which of
    the windows around it (across, down). `ground` is the RGB that the crop is laid on, and is opaque then; None: it
    keeps its alpha.
    """

    picture: int
    anchor: float
    offset: tuple[float, float]
    flipped: bool
    ground: Colour | None


def draw_crop(seed: int, position: int, layers: int, stage: VaeStage) -> Crop:
    """Of a sample that has so many layers; 0 for a flat picture."""
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, _STREAM, position))))
    kind, which, mode, anchor, across, down, side = rng.random(7).tolist()
    red, green, blue = rng.integers(0, 256, 3).tolist()
    is_opaque = stage.image_channels == 3 or mode < stage.rgb_share  # an RGB VAE sees no alpha
    return Crop(
        picture=int(which * layers) if layers and kind < stage.layer_share else COMPOSITE,
        anchor=anchor,
        offset=(across, down),
        flipped=side < 0.5,
        ground=(red, green, blue) if is_opaque else None,
    )


def cut(rgba_HW4: np.ndarray, crop: Crop, side_px: int) -> np.ndarray:
    """uint8 straight RGBA [side, side, 4] of such a picture, whose RGB is 0 where alpha is 0.

    Where the picture has no `side_px` a side, a square as wide as its short side is enlarged, on premultiplied colour.
    """
    height, width = rgba_HW4.shape[:2]
    taken = min(side_px, height, width)
    x, y = _visible_pixel(rgba_HW4[..., 3], crop.anchor)
    left, top = _window(x, crop.offset[0], width, taken), _window(y, crop.offset[1], height, taken)
    square = rgba_HW4[top : top + taken, left : left + taken]
    if taken < side_px:
        square = resize_picture(square, (side_px, side_px))
    square = (
        np.where(square[..., 3:] == 0, np.uint8(0), square) if crop.ground is None else laid_on(square, crop.ground)
    )
    return np.ascontiguousarray(square[:, ::-1]) if crop.flipped else square


def laid_on(rgba_HW4: np.ndarray, ground: Colour) -> np.ndarray:
    """The picture over a solid colour, rounded half up; opaque."""
    alpha = rgba_HW4[..., 3:].astype(np.uint32)
    laid = np.full_like(rgba_HW4, 255)
    laid[..., :3] = (rgba_HW4[..., :3] * alpha + np.array(ground, np.uint32) * (255 - alpha) + 127) // 255
    return laid


def _visible_pixel(alpha_HW: np.ndarray, anchor: float) -> tuple[int, int]:
    """(x, y) of one pixel with alpha, of all in reading order; the middle where there is none."""
    height, width = alpha_HW.shape
    visible = np.flatnonzero(alpha_HW)
    if not visible.size:
        return width // 2, height // 2
    y, x = divmod(int(visible[int(anchor * visible.size)]), width)
    return x, y


def _window(pixel: int, offset: float, length: int, side_px: int) -> int:
    """Where a window begins, of all on an axis of this length that have the pixel inside."""
    first, last = max(0, pixel - side_px + 1), min(pixel, length - side_px)
    return first + int(offset * (last - first + 1))
