"""What can be done to one layer of a stack: a frozen dataclass for each operation, checked as it is made.

A layer is addressed by its index, 0 at the bottom, or by its name: see `inference/addresses.py`. What an operation
does to pixels is said where it is done: `inference/apply_edits.py`.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from schemas.stack import Box

Address = int | str


@dataclass(frozen=True)
class Move:
    """Right and down by whole pixels; what leaves the canvas is cut off."""

    layer: Address
    dx: int = 0
    dy: int = 0


@dataclass(frozen=True)
class Resize:
    """By factors (across, down) about the layer's centre, or into a box (left, top, right, bottom)."""

    layer: Address
    scale: tuple[float, float] | None = None
    box: Box | None = None

    def __post_init__(self) -> None:
        if (self.scale is None) == (self.box is None):
            raise ValueError("resize takes either scale or box")
        if self.scale is not None and not all(math.isfinite(one) and one > 0 for one in self.scale):
            raise ValueError(f"scale is {self.scale[0]:g},{self.scale[1]:g}; a factor must be a number above 0")
        if self.box is not None and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise ValueError(f"box is {','.join(map(str, self.box))}; right must exceed left, and bottom top")


@dataclass(frozen=True)
class Rotate:
    """About the layer's centre; positive is clockwise, as in Photoshop, SVG and CSS."""

    layer: Address
    degrees: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.degrees):
            raise ValueError(f"degrees is {self.degrees}; it must be a number")


@dataclass(frozen=True)
class Recolour:
    """To a colour (red, green, blue) of 0 to 255: the layer's mean luminance becomes the colour's."""

    layer: Address
    colour: tuple[int, int, int]

    def __post_init__(self) -> None:
        if not all(0 <= one <= 255 for one in self.colour):
            raise ValueError(f"colour is {self.colour}; red, green and blue lie in 0..255")


@dataclass(frozen=True)
class Opacity:
    """A plain layer is opaque as it is: its alpha is multiplied by `value`, in [0, 1]."""

    layer: Address
    value: float

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 1:
            raise ValueError(f"value is {self.value:g}; an opacity lies in [0, 1]")


@dataclass(frozen=True)
class Remove:
    """The layer goes; those above it have an index one lower from then on."""

    layer: Address


@dataclass(frozen=True)
class Reorder:
    """The layer gets the index `to`; the others keep their order."""

    layer: Address
    to: int


@dataclass(frozen=True, eq=False)
class Replace:
    """Its pixels become a picture, straight uint8 RGBA [height, width, 4], fitted into the layer's box: as large as
    its aspect allows, in the middle."""

    layer: Address
    picture: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        if self.picture.dtype != np.uint8 or self.picture.ndim != 3 or self.picture.shape[2] != 4:
            raise ValueError(f"a picture is uint8 [height, width, 4], not {self.picture.dtype} {self.picture.shape}")
        if not self.picture[..., 3].any():
            raise ValueError("picture shows nothing: its alpha is 0 everywhere")


Edit = Move | Resize | Rotate | Recolour | Opacity | Remove | Reorder | Replace
OPERATIONS: dict[str, type[Edit]] = {
    kind.__name__.lower(): kind for kind in (Move, Resize, Rotate, Recolour, Opacity, Remove, Reorder, Replace)
}


def operation(edit: Edit) -> str:
    """Its name in scripts and tables."""
    return type(edit).__name__.lower()
