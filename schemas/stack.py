"""A layer stack: plain straight-alpha layers whose alpha-blending, bottom to top, is the picture."""

from dataclasses import dataclass, field

import numpy as np

Box = tuple[int, int, int, int]  # (left, top, right, bottom) in pixels; right and bottom exclusive


@dataclass(frozen=True, eq=False)
class PlainLayer:
    """One layer, cropped to its box.

    `rgba` is uint8 [height, width, 4], straight alpha. `layer_ids` are the nodes of the layer tree
    whose pixels it holds, `owner_id` the layer an effect belongs to. `baked` says that its colour was
    computed over a backdrop: for a blend mode other than Normal, the soft edge of text, or an
    adjustment above it. `backdrop_dependence` in [0, 1] is how far that colour still depends on it: the
    mean error, over its visible pixels, on the inverted backdrop. `name` and `groups`, the names of the
    groups around it, outermost first, are for people; a sample of a shard does not keep them.
    """

    box: Box
    rgba: np.ndarray = field(repr=False)
    layer_ids: tuple[int, ...] = ()
    owner_id: int | None = None
    baked: bool = False
    backdrop_dependence: float = 0.0
    name: str = ""
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        left, top, right, bottom = self.box
        if self.rgba.dtype != np.uint8 or self.rgba.shape != (bottom - top, right - left, 4):
            raise ValueError(f"a layer on {self.box} cannot be {self.rgba.dtype} {self.rgba.shape}")


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers of one canvas; index 0 is the bottom. Boxes lie inside the canvas."""

    width: int
    height: int
    layers: tuple[PlainLayer, ...]

    def __post_init__(self) -> None:
        for left, top, right, bottom in (layer.box for layer in self.layers):  # kernels rely on it
            if not (0 <= left <= right <= self.width and 0 <= top <= bottom <= self.height):
                box = (left, top, right, bottom)
                raise ValueError(f"the box {box} does not lie inside a canvas of {self.width} x {self.height}")
