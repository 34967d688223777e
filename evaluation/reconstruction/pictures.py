"""Folders in, the RGBA pictures to compare out, cropped as the AlphaVAE protocol has it.

A picture is a PNG or WebP of 8 bits a channel. Grey and palette pictures count as the colours they show, what has no
alpha as opaque. Everything is checked from the headers before the first picture is decoded.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SUFFIXES = (".png", ".webp")
MAX_PX = 1 << 26  # of a picture, as it lies there and resized
_PNG_HEAD_BYTES, _PNG_DEPTH_AT = 25, 24
RECONSTRUCTED = "recon_"  # before the names that AlphaVAE's inference writes
_DAMAGE = (OSError, SyntaxError, EOFError, ValueError, struct.error, Image.DecompressionBombError)


@dataclass(frozen=True)
class Source:
    """`name` is its path in the folder that was searched, without suffix; `group` its folder there, "" at the top."""

    path: Path
    name: str
    group: str
    width: int
    height: int


def truths(folder: Path, side: int) -> list[Source]:
    """As `sources`; raises ValueError too where one is so narrow that it would be enlarged beyond measure."""
    found = sources(folder)
    for source in found:
        width, height = _resized(source.width, source.height, side)
        if width * height > MAX_PX:
            raise ValueError(f"{source.path} would be resized to {width}x{height} px, more than {MAX_PX} in all")
    return found


def sources(folder: Path) -> list[Source]:
    """Every picture of a folder and its subfolders, by name. Raises ValueError for one that cannot be compared."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise ValueError(f"{folder} holds no {' or '.join(SUFFIXES)}")
    found: dict[str, Source] = {}
    for path in paths:
        name = path.relative_to(folder).with_suffix("").as_posix()
        group = path.parent.relative_to(folder).as_posix()
        if name in found:
            raise ValueError(f"{path} and {found[name].path} have one name")
        with _opened(path) as image:
            found[name] = Source(path, name, "" if group == "." else group, *image.size)
    return list(found.values())


def counterparts(truths: list[Source], folder: Path, side: int) -> dict[str, Source]:
    """The reconstruction of each truth, by the truth's name; it may have `recon_` before its own.

    Raises ValueError where one is missing or is not `side` x `side` px.
    """
    by_name = {source.name: source for source in sources(folder)}
    found = {}
    for truth in truths:
        place = Path(truth.name)
        names = (truth.name, place.with_name(RECONSTRUCTED + place.name).as_posix())
        candidates = [by_name[name] for name in names if name in by_name]
        if not candidates:
            raise ValueError(f"{folder} holds no reconstruction of {truth.path}")
        if len(candidates) > 1:
            raise ValueError(f"{candidates[0].path} and {candidates[1].path} are both reconstructions of {truth.path}")
        (one,) = candidates
        if (one.width, one.height) != (side, side):
            raise ValueError(f"{one.path} is {one.width}x{one.height} px; a reconstruction is {side}x{side} px")
        found[truth.name] = one
    return found


def read(source: Source) -> np.ndarray:
    """Straight uint8 RGBA [height, width, 4]. Raises ValueError where it cannot be decoded."""
    with _opened(source.path) as image:
        return np.asarray(image.convert("RGBA"))


def cropped(rgba_HW4: np.ndarray, side: int) -> np.ndarray:
    """The short side resized to `side` px, enlarged where it is shorter, then the square in the middle.

    AlphaVAE's validation code (`resize.py`) leaves it to torchvision's `Resize` and `CenterCrop`: Pillow's antialiased
    bilinear filter, on premultiplied colour; the long side's length is truncated, the square's place rounded half to
    even.
    """
    size = _resized(rgba_HW4.shape[1], rgba_HW4.shape[0], side)
    image = Image.fromarray(rgba_HW4)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    left, top = (round((length - side) / 2) for length in size)
    return np.asarray(image)[top : top + side, left : left + side]


def _resized(width: int, height: int, side: int) -> tuple[int, int]:
    short = min(width, height)
    return int(side * width / short), int(side * height / short)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Its header read; ValueError for what is no picture of this kind, also where decoding fails inside the block."""
    try:
        with Image.open(path, formats=("PNG", "WEBP")) as image:
            if image.width * image.height > MAX_PX:
                raise ValueError(f"it has {image.width}x{image.height} px, more than {MAX_PX}")
            if image.format == "PNG" and _png_depth(path) > 8:
                raise ValueError("it has 16 bits a channel; pictures of 8 bits are compared")
            yield image
    except _DAMAGE as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def _png_depth(path: Path) -> int:
    """Bits a channel, which Pillow does not tell: it drops the lower 8 of 16."""
    with path.open("rb") as file:
        return file.read(_PNG_HEAD_BYTES)[_PNG_DEPTH_AT]
