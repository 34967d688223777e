"""What the decomposition metric says of one pair of stacks, after each number of merges."""

from typing import NamedTuple


class Row(NamedTuple):
    """Means over the matched pairs of layers; `cost` is (rgb_l1 + 1 - alpha_iou) / 2. All lie in [0, 1].

    A named tuple, so that a list of rows is a table to numpy.
    """

    cost: float
    rgb_l1: float
    alpha_iou: float
