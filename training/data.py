"""Recipes in, pixels and prompts out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from training.index import Index
from training.recipes import Planned


@dataclass(frozen=True, eq=False)
class Example:
    """`frames` are uint8 straight RGBA [F, H, W, 4], RGB 0 where alpha is 0, in the recipe's order: what is predicted.

    Frame 0 of a layered task is the blend of the others within 1/255; where a condition is given, it is that picture.
    """

    planned: Planned
    frames: np.ndarray = field(repr=False)
    prompt: str
