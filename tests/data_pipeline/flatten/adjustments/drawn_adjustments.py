"""A document with one adjustment layer over colours of every kind."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from psd_tools import PSDImage
from psd_tools.constants import Tag
from psd_tools.psd.descriptor import Bool, Descriptor, Double, Enumerated, Integer, RawData
from psd_tools.psd.tagged_blocks import TaggedBlock

from data_pipeline.drawing import Invert, Pixels, draw_bytes


def colours(side: int = 24, seed: int = 0) -> np.ndarray:
    """Opaque uint8 RGBA [side, side, 4]: random colours, a row of greys, black and white."""
    rgba = np.random.default_rng(seed).integers(0, 256, (side, side, 4), np.uint8)
    rgba[0, :, :3] = np.linspace(0, 255, side).astype(np.uint8)[:, np.newaxis]
    rgba[..., 3] = 255
    return rgba


def adjusted_document(path: Path, tag: Tag, settings: Any, mode: str = "RGB") -> Path:
    """Colours, and above them an adjustment layer whose block is `settings`: bytes, or psd-tools' structure."""
    rgba = colours()
    if mode == "L":
        rgba[..., 1:3] = rgba[..., :1]
    drawn = draw_bytes(24, 24, [Pixels(rgba=rgba), Invert()], mode=mode, stored=rgba)
    psd = PSDImage.open(BytesIO(drawn))
    blocks = psd[1].tagged_blocks
    del blocks[Tag.INVERT]
    blocks[tag] = TaggedBlock(key=tag, data=settings)
    with path.open("wb") as file:
        psd._record.write(file)
    return path


def filled(block: Descriptor, values: dict[bytes, object]) -> Descriptor:
    """The descriptor with these values, plain ones wrapped."""
    kinds = {bool: Bool, int: Integer, float: Double, bytes: RawData}
    for key, value in values.items():
        block[key] = kinds[type(value)](value) if type(value) in kinds else value
    return block


def choice(value: bytes) -> Enumerated:
    return Enumerated(typeID=b"any ", enum=value)


def as_change(rgb: np.ndarray) -> np.ndarray:
    """uint8 pixels as a change takes them."""
    return rgb[..., :3].astype(np.float32) / 255
