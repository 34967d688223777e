"""A fragment: one plain Normal layer on its way to the stack, its alpha not yet rounded."""

from dataclasses import dataclass, field, replace

import numpy as np
from numba import types

from data_pipeline.boxes import intersect, view
from data_pipeline.kernel import F32_3D, PIXELS, PLANE, READ_ANY_PIXELS, READ_F32_2D, READ_U8_3D, kernel, packed
from schemas.stack import Box

_READ_ROWS = types.Array(types.uint8, 2, "C", readonly=True)


@kernel(types.void, READ_ANY_PIXELS, PLANE)
def _unit_alpha(pixels: np.ndarray, alpha: np.ndarray) -> None:
    for y in range(alpha.shape[0]):
        row = alpha[y]
        for x in range(len(row)):
            row[x] = np.float32(pixels[y, x] >> np.uint32(24)) * np.float32(1 / 255)


@kernel(types.void, F32_3D, READ_U8_3D, READ_F32_2D)
def lay_on(canvas: np.ndarray, rgba: np.ndarray, alpha: np.ndarray) -> None:
    """Blend a layer onto a picture, premultiplied float32 RGBA of its size, in place."""
    for y in range(rgba.shape[0]):
        for x in range(rgba.shape[1]):
            a = alpha[y, x]
            if a <= 0:
                continue
            rest = np.float32(1) - a
            share = a * np.float32(1 / 255)
            canvas[y, x, 0] = rgba[y, x, 0] * share + canvas[y, x, 0] * rest
            canvas[y, x, 1] = rgba[y, x, 1] * share + canvas[y, x, 1] * rest
            canvas[y, x, 2] = rgba[y, x, 2] * share + canvas[y, x, 2] * rest
            canvas[y, x, 3] = a + canvas[y, x, 3] * rest


@dataclass(frozen=True, eq=False)
class Fragment:
    """`rgba` is uint8 [height, width, 4] on `box`. `alpha`, float32 [height, width] in [0, 1], stands in
    for the fourth channel; None where that channel is exact and the colour 0 where it is 0.

    Colours are final: groups, masks and clipping scale the alpha alone. `excess` is how far off the picture is,
    in [0, 1], where no colour and no alpha gives what an adjustment makes of it.
    """

    box: Box
    rgba: np.ndarray = field(repr=False)
    alpha: np.ndarray | None = field(repr=False)
    layer_ids: tuple[int, ...]
    owner_id: int | None = None
    baked: bool = False
    backdrop_dependence: float = 0.0
    excess: float = 0.0

    def exact_alpha(self) -> np.ndarray:
        """The alpha as float32 [height, width]."""
        if self.alpha is not None:
            return self.alpha
        alpha = np.empty(self.rgba.shape[:2], np.float32)
        _unit_alpha(self.rgba.view("<u4")[..., 0], alpha)
        return alpha

    def tight_box(self) -> Box | None:
        """The smallest box around what it paints; None where it paints nothing."""
        alpha = self.rgba[..., 3] if self.alpha is None else self.alpha
        rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
        if not len(rows):
            return None
        left, top = self.box[:2]
        return left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1

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


@kernel(types.void, *[_READ_ROWS] * 4, PIXELS)
def _interleave(red: np.ndarray, green: np.ndarray, blue: np.ndarray, alpha: np.ndarray, pixels: np.ndarray) -> None:
    for y in range(pixels.shape[0]):
        row, r, g, b, a = pixels[y], red[y], green[y], blue[y], alpha[y]
        for x in range(len(row)):
            pixel = np.uint32(r[x]) | (np.uint32(g[x]) << np.uint32(8)) | (np.uint32(b[x]) << np.uint32(16))
            row[x] = pixel | (np.uint32(a[x]) << np.uint32(24)) if a[x] > 0 else np.uint32(0)


def interleave(red: np.ndarray, green: np.ndarray, blue: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Four uint8 planes [height, width] -> RGBA [height, width, 4], RGB 0 where alpha is 0."""
    if not red.shape == green.shape == blue.shape == alpha.shape:
        raise ValueError(f"planes of {red.shape}, {green.shape}, {blue.shape} and {alpha.shape} are no picture")
    rgba = np.empty((*red.shape, 4), np.uint8)
    _interleave(*(np.ascontiguousarray(plane) for plane in (red, green, blue, alpha)), packed(rgba))
    return rgba
