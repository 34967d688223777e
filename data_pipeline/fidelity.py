"""Our picture against the one that Photoshop stored -> how far they are apart.

Both over white, as Photoshop stores its own where the document has transparency.
"""

from dataclasses import dataclass

import numpy as np
from numba import types
from psd_tools.constants import ColorMode

from data_pipeline.colour import ColourSpace, to_rgb, to_srgb
from data_pipeline.document import Document
from data_pipeline.kernel import READ_U8_2D, READ_U8_3D, kernel
from data_pipeline.pixels import stored_planes

_MATTED_MODES = (ColorMode.RGB, ColorMode.GRAYSCALE, ColorMode.DUOTONE)


@dataclass(frozen=True, eq=False)
class StoredImage:
    """The merged image over white: uint8 planes [height, width], and its alpha where it has one. An RGB
    document's is in its own RGB until `in_srgb`."""

    red: np.ndarray
    green: np.ndarray
    blue: np.ndarray
    alpha: np.ndarray | None

    def rgba(self) -> np.ndarray:
        """uint8 [height, width, 4] over white, so opaque."""
        return np.stack([self.red, self.green, self.blue, np.full_like(self.red, 255)], axis=-1)


@dataclass(frozen=True)
class Distance:
    """`mean` over pixels and channels, in 1/255; `within2` the share of pixels whose worst channel, alpha
    included where it is stored, is at most 2/255 off."""

    mean: float
    within2: float


def stored_image(document: Document, space: ColourSpace) -> StoredImage | None:
    """None where Photoshop stored none. Raises DamagedPixels."""
    if not document.has_stored_image:
        return None
    planes = stored_planes(document)
    alpha = planes[document.stored_alpha] if document.stored_alpha is not None else None
    if space.mode == ColorMode.RGB and len(planes) >= 3:
        return StoredImage(planes[0], planes[1], planes[2], alpha)
    rgb = to_rgb(space, planes[: document.stored_alpha])
    if alpha is not None and space.mode not in _MATTED_MODES:
        rgb = over_white(np.dstack([rgb, alpha]))
    return StoredImage(rgb[..., 0], rgb[..., 1], rgb[..., 2], alpha)


def in_srgb(stored: StoredImage, space: ColourSpace) -> StoredImage:
    """The stored image of any document in sRGB. White is taken out first: it is not the document's colour."""
    if space.mode != ColorMode.RGB or space.transform is None:
        return stored
    rgba = stored.rgba()
    if stored.alpha is not None:
        alpha = stored.alpha[..., np.newaxis].astype(np.int32)
        colour = (rgba[..., :3].astype(np.int32) - (255 - alpha)) * 255 // np.maximum(alpha, 1)
        rgba = np.dstack([np.clip(colour, 0, 255).astype(np.uint8), stored.alpha])
    rgb = over_white(to_srgb(space, rgba))
    return StoredImage(rgb[..., 0], rgb[..., 1], rgb[..., 2], stored.alpha)


def over_white(rgba: np.ndarray) -> np.ndarray:
    """Straight uint8 RGBA on a white ground: uint8 [height, width, 3], rounded."""
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + (255 - alpha) * np.uint16(255) + 127) // 255).astype(np.uint8)


@kernel(types.UniTuple(types.int64, 2), READ_U8_3D, READ_U8_2D, READ_U8_2D, READ_U8_2D, READ_U8_2D, types.boolean)
def _compare(
    ours: np.ndarray, red: np.ndarray, green: np.ndarray, blue: np.ndarray, alpha: np.ndarray, compare_alpha: bool
) -> tuple[int, int]:
    """(sum of the differences of red, green and blue; pixels whose worst channel is within 2)."""
    total, close = 0, 0
    for y in range(ours.shape[0]):
        for x in range(ours.shape[1]):
            a = np.int32(ours[y, x, 3])
            white = (255 - a) * 255 + 127
            r = abs((ours[y, x, 0] * a + white) // 255 - red[y, x])
            g = abs((ours[y, x, 1] * a + white) // 255 - green[y, x])
            b = abs((ours[y, x, 2] * a + white) // 255 - blue[y, x])
            total += r + g + b
            worst = max(r, max(g, b))
            if compare_alpha:
                worst = max(worst, abs(a - np.int32(alpha[y, x])))
            close += worst <= 2
    return total, close


def distance(composite: np.ndarray, stored: StoredImage) -> Distance:
    """`composite` is straight uint8 RGBA of the stored image's size."""
    alpha = stored.red if stored.alpha is None else stored.alpha
    total, close = _compare(composite, stored.red, stored.green, stored.blue, alpha, stored.alpha is not None)
    pixels = composite.shape[0] * composite.shape[1]
    return Distance(mean=total / (3 * pixels), within2=close / pixels)
