"""A fragment: one plain Normal layer on its way to the stack, its alpha not yet rounded."""

from dataclasses import dataclass, field, replace

import numpy as np
from numba import types

from data_pipeline.boxes import intersect, tight, view
from data_pipeline.kernel import READ_F32_2D, READ_U8_2D, U8_3D, kernel
from schemas.stack import Box


@dataclass(frozen=True, eq=False)
class Fragment:
    """`rgba` is uint8 [height, width, 4] on `box`. `alpha`, float32 [height, width] in [0, 1], stands in
    for the fourth channel; None where that channel is exact.

    Colours are final: groups, masks and clipping scale the alpha alone.
    """

    box: Box
    rgba: np.ndarray = field(repr=False)
    alpha: np.ndarray | None = field(repr=False)
    layer_ids: tuple[int, ...]
    owner_id: int | None = None
    baked: bool = False
    backdrop_dependence: float = 0.0

    def exact_alpha(self) -> np.ndarray:
        """The alpha as float32 [height, width]."""
        if self.alpha is not None:
            return self.alpha
        return self.rgba[..., 3] * np.float32(1 / 255)

    def crop(self, box: Box) -> "Fragment | None":
        """The part inside `box`; None where they do not meet."""
        inner = intersect(self.box, box)
        if inner is None or inner == self.box:
            return self if inner else None
        alpha = None if self.alpha is None else view(self.alpha, self.box, inner)
        return replace(self, box=inner, rgba=view(self.rgba, self.box, inner), alpha=alpha)

    def scaled(self, factor: float) -> "Fragment":
        """The same colours at `factor` times the alpha."""
        return self if factor == 1 else replace(self, alpha=self.exact_alpha() * np.float32(factor))


@kernel(types.void, READ_U8_2D, READ_U8_2D, READ_U8_2D, READ_U8_2D, U8_3D)
def _interleave(red: np.ndarray, green: np.ndarray, blue: np.ndarray, alpha: np.ndarray, rgba: np.ndarray) -> None:
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            rgba[y, x, 0] = red[y, x]
            rgba[y, x, 1] = green[y, x]
            rgba[y, x, 2] = blue[y, x]
            rgba[y, x, 3] = alpha[y, x]


def interleave(red: np.ndarray, green: np.ndarray, blue: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Four uint8 planes [height, width] -> RGBA [height, width, 4]."""
    rgba = np.empty((*red.shape, 4), np.uint8)
    _interleave(red, green, blue, alpha, rgba)
    return rgba


@kernel(types.void, U8_3D, READ_F32_2D)
def _settle(rgba: np.ndarray, alpha: np.ndarray) -> None:
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            rounded = np.uint8(min(max(alpha[y, x], np.float32(0)), np.float32(1)) * np.float32(255) + np.float32(0.5))
            rgba[y, x, 3] = rounded


@kernel(types.void, U8_3D)
def _clear_colour(rgba: np.ndarray) -> None:
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            if rgba[y, x, 3] == 0:
                rgba[y, x, 0] = 0
                rgba[y, x, 1] = 0
                rgba[y, x, 2] = 0


def settle(fragment: Fragment) -> tuple[Box, np.ndarray] | None:
    """The alpha rounded to 1/255, the colour 0 where it is 0, the box tight; None where nothing is left."""
    rgba = fragment.rgba
    if fragment.alpha is not None:
        rgba = rgba.copy()
        _settle(rgba, fragment.alpha)
    box = tight(rgba, fragment.box)
    if box is None:
        return None
    rgba = np.ascontiguousarray(view(rgba, fragment.box, box))
    _clear_colour(rgba)
    return box, rgba
