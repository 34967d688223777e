"""The path of a picture that somebody gives in; uint8 straight sRGB RGBA out, upright."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MAX_SIDE_PX = 30_000
MAX_PX = 200_000_000  # of the picture, and bytes of its file


def read_picture(path: str | os.PathLike[str]) -> np.ndarray:
    """uint8 [height, width, 4]; RGB 0 where alpha is 0. An embedded profile is applied, an EXIF orientation too.

    Raises ValueError that names the file: missing, no picture, too large (which is seen before it is decoded), an
    animation, or of more than 8 bits a channel.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_PX:
            raise ValueError(f"has {path.stat().st_size:,} bytes; the limit is {MAX_PX:,}")
        with Image.open(io.BytesIO(path.read_bytes()), formats=FORMATS) as picture:
            _check(picture)
            rgba = np.array(_srgb(ImageOps.exif_transpose(picture)))
    except Image.UnidentifiedImageError as error:
        raise ValueError(f"{path} is no {' or '.join(FORMATS)} picture") from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path} is too large: the limit is {MAX_PX:,} px") from error
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except ValueError as error:
        raise ValueError(f"{path} {error}") from error
    rgba[rgba[..., 3] == 0] = 0
    return rgba


def _check(picture: Image.Image) -> None:
    width, height = picture.size
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PX:
        limits = f"{MAX_SIDE_PX:,} px a side and {MAX_PX:,} px in all"
        raise ValueError(f"is {width} x {height} px; the limit is {limits}")
    if getattr(picture, "n_frames", 1) > 1:
        raise ValueError("is an animation")
    if picture.mode.startswith(("I", "F")):
        raise ValueError("has more than 8 bits a channel; convert it first")


def _srgb(picture: Image.Image) -> Image.Image:
    """RGBA in sRGB. A profile that cannot be used counts as none, as that of a Photoshop file does."""
    profile = picture.info.get("icc_profile")
    straight = picture.convert("RGBA")
    base = picture.mode if picture.mode in ("L", "CMYK") else "RGB"
    if not isinstance(profile, bytes):
        return straight
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            base,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError):
        return straight
    colours = picture if picture.mode == base else straight.convert(base)
    converted = ImageCms.applyTransform(colours, transform)
    assert converted is not None, "it is not converted in place"
    converted.putalpha(straight.getchannel("A"))
    return converted
