"""What can be drawn: layers and groups as plain descriptions; index 0 is the bottom."""

from dataclasses import dataclass, field

import numpy as np
from psd_tools.constants import BlendMode, Tag

from data_pipeline.drawing.paints import Colour, Gradient, Tile
from data_pipeline.drawing.styles import Effect
from data_pipeline.drawing.vectors import Polygon


@dataclass(frozen=True, eq=False)
class Mask:
    """A layer mask: uint8 [height, width], 255 shows. Outside its box it has `default`, 0 or 255."""

    array: np.ndarray = field(repr=False)
    left: int = 0
    top: int = 0
    default: int = 0
    density: int | None = None  # 0..255
    feather: float | None = None  # px
    disabled: bool = False


@dataclass(frozen=True)
class Range:
    """A row of blend-if sliders for this layer and for the one below it: the halves of black, then of white, 0..255."""

    own: tuple[int, int, int, int] = (0, 0, 255, 255)
    below: tuple[int, int, int, int] = (0, 0, 255, 255)


@dataclass(frozen=True, eq=False, kw_only=True)
class Node:
    """What every layer and group can have. Opacities are bytes, as Photoshop stores them."""

    name: str = "Layer"
    opacity: int = 255
    fill: int = 255
    blend_mode: BlendMode = BlendMode.NORMAL
    visible: bool = True
    clipping: bool = False
    mask: Mask | None = None
    vector_mask: tuple[Polygon, ...] = ()
    knockout: int = 0  # 0 none, 1 shallow, 2 deep
    effects: tuple[Effect, ...] = ()
    old_effects: bytes = b""  # as Photoshop 5 and 6 stored them
    blend_if: tuple[Range, ...] = ()  # of grey, red, green, blue
    restricted_channels: tuple[int, ...] = ()  # 0 red, 1 green, 2 blue: these are not blended
    switches: tuple[tuple[Tag, bool], ...] = ()  # blending options that are one byte each


@dataclass(frozen=True, eq=False, kw_only=True)
class Pixels(Node):
    """A pixel layer: `rgba` is uint8 or uint16 [height, width, 4], straight alpha, placed at (left, top)."""

    rgba: np.ndarray | None = field(repr=False, default=None)
    left: int = 0
    top: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Text(Pixels):
    """A type layer: the text, and the raster that Photoshop keeps of it."""

    text: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Fill(Pixels):
    """A fill layer, or with a `vector_mask` a shape; it may keep a raster as Photoshop does, or none."""

    paint: Colour | Gradient | Tile
    scale: float = 1.0  # of a Tile


@dataclass(frozen=True, eq=False, kw_only=True)
class Invert(Node):
    """An adjustment layer that inverts what lies below."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Group(Node):
    """A group of `layers`, bottom to top; isolated where its blend mode is not pass through."""

    layers: tuple[Node, ...] = ()
    name: str = "Group"
    blend_mode: BlendMode = BlendMode.PASS_THROUGH
    open: bool = True
    artboard: tuple[int, int, int, int] | None = None  # left, top, right, bottom
