"""A picture or a layer in, a small picture for auditors out."""

import numpy as np

from data_pipeline.resize import resize_picture
from schemas.stack import Box


def preview(rgba: np.ndarray, side_px: int) -> np.ndarray:
    """The picture (uint8 RGBA [h, w, 4]) with its longest side at most `side_px`; never enlarged."""
    height, width = rgba.shape[:2]
    longest = max(width, height)
    if longest <= side_px:
        return rgba
    return resize_picture(rgba, (_scaled(width, side_px, longest), _scaled(height, side_px, longest)))


def layer_preview(rgba: np.ndarray, box: Box, width: int, height: int, side_px: int) -> np.ndarray:
    """A layer (uint8 RGBA on `box`) where it lies on its canvas, as `preview` would show that, but for the rounding of
    its box to pixels of the preview; nothing as large as the canvas is made."""
    longest = max(width, height)
    side_px = min(side_px, longest)
    canvas = np.zeros((_scaled(height, side_px, longest), _scaled(width, side_px, longest), 4), np.uint8)
    left, top = (min(box[k] * side_px // longest, canvas.shape[1 - k] - 1) for k in (0, 1))
    columns = min(_scaled(box[2] - box[0], side_px, longest), canvas.shape[1] - left)
    rows = min(_scaled(box[3] - box[1], side_px, longest), canvas.shape[0] - top)
    small = rgba if rgba.shape[:2] == (rows, columns) else resize_picture(rgba, (columns, rows))
    canvas[top : top + rows, left : left + columns] = small
    return canvas


def _scaled(side: int, target: int, longest: int) -> int:
    return max((2 * side * target + longest) // (2 * longest), 1)
