"""A stack before an edit and after it in, what the edit did to everything else out.

Nothing is what it should do: the layers that it does not address stay as they are, to the bit and in their order, and
so does the picture outside of where the addressed layers show before or after.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from data_pipeline.compose import compose
from evaluation.decomposition.cut import Cut, cut
from schemas.stack import PlainLayer, Stack


@dataclass(frozen=True)
class Isolation:
    """`foreign_changed` layers that were not addressed are lost, new, changed or out of their order; `outside_px`
    pixels of the picture outside the addressed layers differ, by `outside_max` of 255 at most."""

    foreign_changed: int
    outside_px: int
    outside_max: int


def isolation(before: Stack, after: Stack, addressed: Collection[int], addressed_after: Collection[int]) -> Isolation:
    """Indices say which layers were addressed, and which of the edited stack came of them (none of a removed one).

    Raises ValueError where the canvases differ.
    """
    if (before.width, before.height) != (after.width, after.height):
        sizes = f"{before.width} x {before.height} and {after.width} x {after.height} px"
        raise ValueError(f"before and after an edit lie on one canvas, not on {sizes}")
    shown = [before.layers[index] for index in addressed] + [after.layers[index] for index in addressed_after]
    outside = ~support(shown, before.width, before.height)
    return Isolation(
        foreign_changed(before, after, addressed, addressed_after),
        *change(compose(before), compose(after), outside),
    )


def support(layers: Iterable[PlainLayer], width: int, height: int) -> np.ndarray:
    """bool [height, width]: where one of the layers has alpha above 0."""
    shown = np.zeros((height, width), bool)
    for layer in layers:
        left, top, right, bottom = layer.box
        shown[top:bottom, left:right] |= layer.rgba[..., 3] > 0
    return shown


def foreign_changed(before: Stack, after: Stack, addressed: Collection[int], addressed_after: Collection[int]) -> int:
    """How many layers that were not addressed are not in both stacks, in one order."""
    old = [layer for index, layer in enumerate(before.layers) if index not in addressed]
    new = [layer for index, layer in enumerate(after.layers) if index not in addressed_after]
    return max(len(old), len(new)) - _in_common(old, new)


def change(before_HW4: np.ndarray, after_HW4: np.ndarray, where_HW: np.ndarray) -> tuple[int, int]:
    """(pixels that differ, the largest difference of a channel in 1/255) within a mask, of uint8 pictures."""
    differ = (before_HW4 != after_HW4).any(axis=-1) & where_HW
    apart = np.abs(before_HW4[differ].astype(np.int16) - after_HW4[differ])
    return len(apart), int(apart.max(initial=0))


def _in_common(old: Sequence[PlainLayer], new: Sequence[PlainLayer]) -> int:
    """The length of the longest common subsequence."""
    lengths = [0] * (len(new) + 1)
    for one in old:
        diagonal = 0
        for j, other in enumerate(new):
            above = lengths[j + 1]
            lengths[j + 1] = diagonal + 1 if _same(one, other) else max(above, lengths[j])
            diagonal = above
    return lengths[-1]


def _same(one: PlainLayer, other: PlainLayer) -> bool:
    """Of the same pixels in the same place; how large a box is kept around them is no matter."""
    if one is other:
        return True
    if one.box == other.box:
        return np.array_equal(one.rgba, other.rgba)
    a, b = _cut(one), _cut(other)
    return a.box == b.box and np.array_equal(a.pixels, b.pixels)


def _cut(layer: PlainLayer) -> Cut:
    return cut(layer.rgba, layer.box[0], layer.box[1])
