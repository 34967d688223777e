"""Straight RGBA in, the picture over each of nine solid colours out, as the AlphaVAE protocol blends and stores it.

From AlphaVAE's published validation code (`blend_rgba.py`): colours and alpha as float32 in [0, 1], clipped, and
truncated, not rounded, to uint8; saved as JPEG with Pillow's defaults, quality 75 with chroma at half resolution.
"""

import io

import numpy as np
from PIL import Image

Colour = tuple[int, int, int]

# In the order of the published code.
BACKGROUNDS: dict[str, Colour] = {
    "gray": (128, 128, 128),
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
}
JPEG_QUALITY = 75


def over_backgrounds(rgba_HW4: np.ndarray) -> dict[str, np.ndarray]:
    """uint8 RGB [H, W, 3] for each name of BACKGROUNDS, of a uint8 picture."""
    places = rgba_HW4[..., 3:].astype(np.uint16) << 8 | rgba_HW4[..., :3]
    over = {level: table[places] for level, table in _BLENDED.items()}
    return {
        name: np.stack([over[level][..., channel] for channel, level in enumerate(colour)], axis=-1)
        for name, colour in BACKGROUNDS.items()
    }


def through_jpeg(rgb_HW3: np.ndarray) -> np.ndarray:
    """What is left of a picture that was saved as JPEG."""
    file = io.BytesIO()
    Image.fromarray(rgb_HW3).save(file, "JPEG", quality=JPEG_QUALITY)
    with Image.open(file) as image:
        return np.asarray(image)


def _blended(level: int) -> np.ndarray:
    """uint8 at 256 * alpha + value: every blend over one level of a channel there is, in the published order."""
    alpha, value = (plane.astype(np.float32) / np.float32(255) for plane in np.divmod(np.arange(1 << 16), 256))
    ground = np.float32(level) / np.float32(255)
    blended = alpha * value + (np.float32(1) - alpha) * ground
    return np.clip(blended * np.float32(255), 0, 255).astype(np.uint8)


_BLENDED = {level: _blended(level) for level in sorted({level for colour in BACKGROUNDS.values() for level in colour})}
