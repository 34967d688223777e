"""uint8 straight RGBA in, the bytes of a lossless PNG or WebP out; and back. Previews are lossy."""

import io

import numpy as np
import pyarrow as pa
from PIL import Image, PngImagePlugin, WebPImagePlugin

PNG_LEVEL = 6
WEBP_METHOD = 1  # 4 % larger than method 4 at 60 % of its time, on the layers of real designs
WEBP_MAX_SIDE_PX = 16_383
PREVIEW_QUALITY = 80


def encode_image(rgba: np.ndarray, image_format: str) -> bytes:
    """Lossless PNG or WebP of uint8 RGBA [height, width, 4]; RGB is set to 0 where alpha is 0."""
    if rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] != 4:
        raise ValueError(f"an image is uint8 [height, width, 4], not {rgba.dtype} {rgba.shape}")
    image = Image.fromarray(np.where(rgba[..., 3:] == 0, np.uint8(0), rgba))
    out = io.BytesIO()
    if image_format == "png":
        image.save(out, "PNG", compress_level=PNG_LEVEL)
    else:
        if max(image.size) > WEBP_MAX_SIDE_PX:
            raise ValueError(f"an image of {image.width}x{image.height} px: WebP holds {WEBP_MAX_SIDE_PX} px a side")
        image.save(out, "WEBP", lossless=True, exact=True, method=WEBP_METHOD)
    return out.getvalue()


def encode_preview(rgba: np.ndarray) -> bytes:
    """Lossy WebP, for people to look at."""
    out = io.BytesIO()
    Image.fromarray(rgba).save(out, "WEBP", quality=PREVIEW_QUALITY, method=WEBP_METHOD)
    return out.getvalue()


def decode_image(data: bytes, image_format: str, width: int, height: int) -> np.ndarray:
    """uint8 RGBA [height, width, 4]; ValueError for another size, before decoding, or for a damaged file.

    The size is known, so Pillow's own limit on pixels, which `Image.open` applies, is not wanted.
    """
    plugin = PngImagePlugin.PngImageFile if image_format == "png" else WebPImagePlugin.WebPImageFile
    try:
        with plugin(io.BytesIO(data)) as image:
            if image.size != (width, height):
                raise ValueError(f"an image is {image.width}x{image.height} px where {width}x{height} px are due")
            image.load()
            return pixels_of(image)
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError(f"an image cannot be decoded: {error}") from error


def pixels_of(image: Image.Image) -> np.ndarray:
    """uint8 RGBA [height, width, 4], not to be written to, of a loaded picture: its own memory, where that is in one
    piece, as Pillow's is up to 16 MB."""
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    if rgba.readonly:  # it lies in another's memory, which Pillow (12.3) crashes over when it is to hand it on
        return np.asarray(rgba)
    try:
        pixels = pa.array(rgba).flatten().to_numpy()
    except ValueError:  # in several pieces
        return np.asarray(rgba)
    return pixels.reshape(rgba.height, rgba.width, 4)
