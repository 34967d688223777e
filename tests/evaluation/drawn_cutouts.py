"""Cut-outs drawn for the tests of reconstruction: waves of colour with a soft round edge, and the same with noise."""

import numpy as np


def cutout(width: int, height: int, seed: int = 0) -> np.ndarray:
    """uint8 RGBA [height, width, 4], transparent in the corners, opaque in the middle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.sin(x[..., None] * rng.uniform(0.02, 0.3, 3) + y[..., None] * rng.uniform(0.02, 0.3, 3))
    radius = min(width, height) / 2
    alpha = np.clip((radius - np.hypot(x - width / 2, y - height / 2)) * 255 / 8, 0, 255)
    return np.dstack([np.rint(127.5 + 100 * waves), np.rint(alpha)]).astype(np.uint8)


def noisy(rgba: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 6, rgba.shape)
    return np.clip(np.rint(rgba + noise), 0, 255).astype(np.uint8)
