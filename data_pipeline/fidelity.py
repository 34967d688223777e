"""Our picture against the one that Photoshop stored -> how far they are apart.

Both over white, as Photoshop stores its own where the document has transparency.
"""

from dataclasses import dataclass

import numpy as np
from numba import types
from psd_tools.constants import ColorMode

from data_pipeline.colour import ColourSpace, to_rgb, to_srgb
from data_pipeline.document import Document
from data_pipeline.kernel import READ_PIXELS, inlined, kernel, packed
from data_pipeline.pixels import stored_planes

_READ_BYTES = types.Array(types.uint8, 2, "C", readonly=True)
_BAND_PX = 1 << 20  # looked at together: what lies between takes up to 40 bytes a pixel
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
    height, width = stored.red.shape
    rgb = np.empty((height, width, 3), np.uint8)
    step = max(1, _BAND_PX // width)
    for top in range(0, height, step):
        rows = slice(top, top + step)
        alpha = None if stored.alpha is None else stored.alpha[rows]
        band = StoredImage(stored.red[rows], stored.green[rows], stored.blue[rows], alpha)
        rgb[rows] = over_white(to_srgb(space, _without_white(band)))
    return StoredImage(rgb[..., 0], rgb[..., 1], rgb[..., 2], stored.alpha)


def _without_white(stored: StoredImage) -> np.ndarray:
    """Straight uint8 RGBA [height, width, 4]."""
    rgba = stored.rgba()
    if stored.alpha is None:
        return rgba
    alpha = stored.alpha[..., np.newaxis].astype(np.int32)
    colour = ((rgba[..., :3].astype(np.int32) - (255 - alpha)) * 255 + alpha // 2) // np.maximum(alpha, 1)
    return np.dstack([np.clip(colour, 0, 255).astype(np.uint8), stored.alpha])


def over_white(rgba: np.ndarray) -> np.ndarray:
    """Straight uint8 RGBA on a white ground: uint8 [height, width, 3], rounded."""
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + (255 - alpha) * np.uint16(255) + 127) // 255).astype(np.uint8)


@inlined
def _on_white(value: np.uint32, alpha: np.int32) -> np.int32:
    """A channel over white, rounded: (n + n >> 8) >> 8 with n = x + 128 is x / 255 for any x up to 255 * 255."""
    n = np.int32(np.int32(value & np.uint32(255)) * alpha + (255 - alpha) * 255 + 128)
    return np.int32((n + (n >> 8)) >> 8)


@inlined
def _apart(a: np.int32, b: np.uint8) -> np.int32:
    difference = np.int32(a - np.int32(b))
    return difference if difference > 0 else np.int32(-difference)


@kernel(types.UniTuple(types.int64, 2), READ_PIXELS, *[_READ_BYTES] * 4)
def _compare(
    ours: np.ndarray, red: np.ndarray, green: np.ndarray, blue: np.ndarray, alpha: np.ndarray
) -> tuple[int, int]:
    """(sum of the differences of red, green and blue; pixels whose worst channel is within 2)."""
    total, close = np.int64(0), np.int64(0)
    for y in range(ours.shape[0]):
        row, stored_r, stored_g, stored_b, stored_a = ours[y], red[y], green[y], blue[y], alpha[y]
        row_total, row_close = np.int32(0), np.int32(0)
        for x in range(len(row)):
            pixel = row[x]
            a = np.int32(pixel >> np.uint32(24))
            r = _apart(_on_white(pixel, a), stored_r[x])
            g = _apart(_on_white(pixel >> np.uint32(8), a), stored_g[x])
            b = _apart(_on_white(pixel >> np.uint32(16), a), stored_b[x])
            worst = _apart(a, stored_a[x])
            worst = worst if worst > r else r
            worst = worst if worst > g else g
            worst = worst if worst > b else b
            # numba adds int32 to int64; cast back, the sums stay 16 lanes wide
            row_total = np.int32(row_total + r + g + b)
            row_close = np.int32(row_close + (np.int32(1) if worst <= 2 else np.int32(0)))
        total += row_total
        close += row_close
    return int(total), int(close)


def distance(composite: np.ndarray, stored: StoredImage) -> Distance:
    """`composite` is straight uint8 RGBA of the stored image's size."""
    if stored.red.shape != composite.shape[:2]:
        raise ValueError(f"a picture of {composite.shape[:2]} cannot be compared with one of {stored.red.shape}")
    # Where the stored image is opaque, our transparency shows white there and is no error of its own.
    alpha = composite[..., 3] if stored.alpha is None else stored.alpha
    total, close = 0, 0
    step = max(1, _BAND_PX // composite.shape[1])
    for top in range(0, composite.shape[0], step):
        rows = slice(top, top + step)
        planes = (np.ascontiguousarray(plane[rows]) for plane in (stored.red, stored.green, stored.blue, alpha))
        apart, within = _compare(packed(composite[rows]), *planes)
        total, close = total + apart, close + within
    pixels = composite.shape[0] * composite.shape[1]
    return Distance(mean=total / (3 * pixels), within2=close / pixels)
