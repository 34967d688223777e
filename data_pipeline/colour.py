"""Planes of any colour mode -> RGB, and RGB of any profile -> sRGB.

An RGB document is flattened in its own RGB, where Photoshop blends, and its plain layers are converted
afterwards (`to_srgb`). Every other mode is converted as its pixels are read (`to_rgb`).
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms
from psd_tools.constants import ColorMode

from data_pipeline.distinct import recolour
from data_pipeline.document import Document

_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION  # both as Photoshop's defaults
_PIL_MODES = {
    ColorMode.RGB: "RGB",
    ColorMode.CMYK: "CMYK",
    ColorMode.LAB: "LAB",
    ColorMode.GRAYSCALE: "L",
    ColorMode.DUOTONE: "L",
}


@dataclass(frozen=True, eq=False)
class ColourSpace:
    """How a document's colours become sRGB. `transform` is None where they are sRGB already, or where
    there is no usable profile; `damaged_profile` tells the latter from the former. `is_linear` says that colours
    in descriptors are linear light."""

    mode: ColorMode
    palette: np.ndarray | None  # uint8 [256, 3], indexed mode
    transform: ImageCms.ImageCmsTransform | None
    damaged_profile: bool
    is_linear: bool = False
    profile: bytes | None = None  # of inks, to make inks of sRGB again


def srgb_values(light: np.ndarray) -> np.ndarray:
    """sRGB's curve: linear light in [0, 1] -> values in [0, 1] (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.power(light, 1 / 2.4) - 0.055)


def srgb_light(values: np.ndarray) -> np.ndarray:
    """The inverse of `srgb_values`."""
    return np.where(values <= 0.04045, values / 12.92, np.power((values + 0.055) / 1.055, 2.4))


def colour_space(document: Document) -> ColourSpace:
    """The colour space of a document. A profile that cannot be used counts as none and is reported."""
    mode = document.color_mode
    palette = None
    if mode == ColorMode.INDEXED:
        table = np.frombuffer(document.psd._record.color_mode_data.value[:768], np.uint8)
        palette = np.zeros((256, 3), np.uint8)
        palette[: table.size // 3] = table[: table.size // 3 * 3].reshape(3, -1).T
    if document.psd.depth == 32:
        # 32-bit documents are linear light; `pixels.to_uint8` has given them sRGB's curve.
        return ColourSpace(mode, palette, None, damaged_profile=False, is_linear=True)
    if mode == ColorMode.LAB:
        return ColourSpace(mode, None, _transform(ImageCms.createProfile("LAB"), "LAB"), damaged_profile=False)
    if document.profile is None or mode not in _PIL_MODES:
        return ColourSpace(mode, palette, None, damaged_profile=False)
    try:
        transform = _from_profile(document.profile, _PIL_MODES[mode])
        inks = document.profile if mode == ColorMode.CMYK else None
        return ColourSpace(mode, palette, transform, damaged_profile=False, profile=inks)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return ColourSpace(mode, palette, None, damaged_profile=True)


@lru_cache(maxsize=32)  # a corpus holds few profiles, and building a transform costs as much as opening a file
def _from_profile(profile: bytes, pil_mode: str) -> ImageCms.ImageCmsTransform | None:
    """None where it is sRGB itself. Raises what Pillow raises for a damaged profile."""
    transform = _transform(ImageCms.ImageCmsProfile(io.BytesIO(profile)), pil_mode)
    return None if _is_identity(transform, pil_mode) else transform


def _transform(
    profile: ImageCms.ImageCmsProfile | ImageCms.core.CmsProfile, pil_mode: str
) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        profile, ImageCms.createProfile("sRGB"), pil_mode, "RGB", renderingIntent=_INTENT, flags=_FLAGS
    )


def _is_identity(transform: ImageCms.ImageCmsTransform, pil_mode: str) -> bool:
    """Whether it changes no colour of a 9 x 9 x 9 grid by more than 1/255: most profiles are sRGB itself."""
    if pil_mode not in ("RGB", "L"):
        return False
    steps = np.rint(np.linspace(0, 255, 9)).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(27, 27, 3)
    if pil_mode == "L":
        grid = np.repeat(grid[..., :1], 3, axis=2)
    picture = Image.fromarray(np.ascontiguousarray(grid if pil_mode == "RGB" else grid[..., 0]))
    result = np.asarray(ImageCms.applyTransform(picture, transform), np.int16)
    return bool(np.abs(result - grid).max() <= 1)


def to_rgb(space: ColourSpace, planes: Sequence[np.ndarray]) -> np.ndarray:
    """Colour planes as they lie in the file (uint8 [height, width]) -> uint8 RGB [height, width, 3].

    RGB is returned as it is. Indexed and multichannel documents have no layers; their stored image alone
    comes here. Spot inks have no colorimetric meaning: the first four are taken for CMYK.
    """
    mode = space.mode
    if mode == ColorMode.INDEXED and space.palette is not None:
        return space.palette[planes[0]]
    if mode == ColorMode.RGB and len(planes) >= 3:
        return np.stack(planes[:3], -1)
    if mode == ColorMode.LAB and len(planes) >= 3:
        lightness, a, b = planes[:3]
        # The file has the two colour axes offset by 128, Pillow takes them as signed bytes.
        return _applied(space, np.stack([lightness, a ^ 128, b ^ 128], -1), "LAB")
    if mode in (ColorMode.CMYK, ColorMode.MULTICHANNEL) and len(planes) >= 3:
        inks = [255 - plane for plane in planes[:4]]  # the file stores what is left of the paper
        if len(inks) == 3:
            inks.append(np.zeros_like(inks[0]))
        if space.transform is not None:
            return _applied(space, np.stack(inks, -1), "CMYK")
        left = [(255 - ink).astype(np.uint16) for ink in inks]
        return np.stack([((plane * left[3] + 127) // 255).astype(np.uint8) for plane in left[:3]], -1)
    if space.transform is not None and mode in (ColorMode.GRAYSCALE, ColorMode.DUOTONE):
        return _applied(space, planes[0], "L")
    return np.repeat(planes[0][..., np.newaxis], 3, axis=2)


def to_planes(space: ColourSpace, rgb: np.ndarray) -> list[np.ndarray]:
    """uint8 RGB [height, width, 3] -> planes of a CMYK or Lab document, as they lie in the file.

    Of all inks that `to_rgb` makes the colour of, those that the profile separates it into; without a profile those
    with the most black. Raises ValueError where a profile separates nothing.
    """
    if space.mode == ColorMode.LAB:
        lab = np.asarray(ImageCms.applyTransform(Image.fromarray(rgb), _separation(None)))
        return [lab[..., 0], lab[..., 1] ^ 128, lab[..., 2] ^ 128]
    if space.transform is not None:
        inks = 255 - np.asarray(ImageCms.applyTransform(Image.fromarray(rgb), _separation(space.profile)))
        return [inks[..., channel] for channel in range(4)]
    most = rgb.max(axis=2)
    left = np.rint(rgb * (np.float32(255) / np.maximum(most, 1)[..., np.newaxis])).astype(np.uint8)
    return [left[..., 0], left[..., 1], left[..., 2], most]


@lru_cache(maxsize=8)
def _separation(profile: bytes | None) -> ImageCms.ImageCmsTransform:
    """From sRGB to a profile's inks, or to Lab."""
    target = ImageCms.createProfile("LAB") if profile is None else ImageCms.ImageCmsProfile(io.BytesIO(profile))
    pil_mode = "LAB" if profile is None else "CMYK"
    srgb = ImageCms.createProfile("sRGB")
    try:
        return ImageCms.buildTransform(srgb, target, "RGB", pil_mode, renderingIntent=_INTENT, flags=_FLAGS)
    except (ImageCms.PyCMSError, OSError) as error:
        raise ValueError(f"a profile that separates nothing: {error}") from error


def to_srgb(space: ColourSpace, rgba: np.ndarray) -> np.ndarray:
    """Straight RGBA of a flattened document, uint8 [height, width, 4], in sRGB; RGB 0 where alpha is 0."""
    if space.mode != ColorMode.RGB or space.transform is None:
        return rgba
    return recolour(rgba, lambda colours: _applied(space, colours, "RGB"))


def _applied(space: ColourSpace, samples: np.ndarray, pil_mode: str) -> np.ndarray:
    if samples.size == 0:
        return np.zeros((*samples.shape[:2], 3), np.uint8)
    height, width = samples.shape[:2]
    picture = Image.frombytes(pil_mode, (width, height), np.ascontiguousarray(samples).tobytes())
    assert space.transform is not None
    return np.asarray(ImageCms.applyTransform(picture, space.transform))


def drawn_rgb(space: ColourSpace, colour: np.ndarray) -> np.ndarray:
    """What psd-tools drew (float [0, 1], [height, width, channels] of the document's mode) as uint8 RGB."""
    if colour.strides[:2] == (0, 0):  # one colour
        return np.broadcast_to(drawn_rgb(space, colour[:1, :1].copy()), (*colour.shape[:2], 3))
    planes = np.rint(np.clip(colour, 0, 1) * 255).astype(np.uint8)
    if planes.shape[2] == 3 and space.mode in (ColorMode.GRAYSCALE, ColorMode.DUOTONE):
        return np.ascontiguousarray(planes)  # a pattern has a colour mode of its own
    if planes.shape[2] == 1 and space.mode not in (ColorMode.GRAYSCALE, ColorMode.DUOTONE):
        return np.repeat(planes, 3, axis=2)
    return to_rgb(space, [planes[..., channel] for channel in range(planes.shape[2])])


def described_rgb(space: ColourSpace, colour: np.ndarray) -> np.ndarray:
    """As `drawn_rgb`, of colours that come from descriptors: a 32-bit document has them as it has its pixels."""
    return drawn_rgb(space, srgb_values(colour) if space.is_linear else colour)
