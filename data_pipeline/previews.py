"""A picture in, a small one for auditors out."""

import numpy as np

from data_pipeline.resize import resize_picture


def preview(rgba: np.ndarray, side_px: int) -> np.ndarray:
    """The picture (uint8 RGBA [h, w, 4]) with its longest side at most `side_px`; never enlarged."""
    height, width = rgba.shape[:2]
    longest = max(width, height)
    if longest <= side_px:
        return rgba
    return resize_picture(rgba, (_scaled(width, side_px, longest), _scaled(height, side_px, longest)))


def _scaled(side: int, target: int, longest: int) -> int:
    return max((2 * side * target + longest) // (2 * longest), 1)
