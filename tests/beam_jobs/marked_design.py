"""The parts of a small design with a watermark over it."""

import numpy as np

from data_pipeline.drawing import Pixels
from data_pipeline.drawing.anomalies import tiled_text
from data_pipeline.drawing.layers import Node

SIDE_PX = 200


def ground() -> Pixels:
    """Many colours, over the whole canvas."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    return Pixels(name="Ground", rgba=np.dstack([x, y, 255 - x, np.full_like(x, 255)]).astype(np.uint8))


def mark() -> Node:
    """A text, again and again, over the whole canvas."""
    return tiled_text(np.random.default_rng(0), SIDE_PX, SIDE_PX)
