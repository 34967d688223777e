"""Predictions that no model made: true stacks in, what a model must be better than out.

Each has as many layers as the truth, which is told to the model too.
"""

import numpy as np

from data_pipeline.compose import compose
from schemas.stack import PlainLayer, Stack


def copies(truth: Stack) -> Stack:
    """Every layer is the whole picture."""
    whole = PlainLayer((0, 0, truth.width, truth.height), compose(truth))
    return Stack(truth.width, truth.height, (whole,) * len(truth.layers))


def blanks(truth: Stack) -> Stack:
    """Every layer is transparent."""
    nothing = PlainLayer((0, 0, 0, 0), np.zeros((0, 0, 4), np.uint8))
    return Stack(truth.width, truth.height, (nothing,) * len(truth.layers))
