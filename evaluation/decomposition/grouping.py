"""The layers of a stack in, groups of layers that do not overlap out, bottom group first.

Peeled from the top: a peel holds every layer that no remaining layer above it overlaps. So a layer's peel is one more
than the highest among the layers above that it overlaps, and one map of the canvas, which remembers the peel of the
lowest layer so far on every pixel, finds it at the cost of one read of every layer's pixels.
"""

from collections.abc import Sequence

import numpy as np
from numba import types

from data_pipeline.kernel import I32_2D, READ_PIXELS, kernel
from evaluation.decomposition.cut import Cut, around


def groups(cuts: Sequence[Cut]) -> list[list[int]]:
    """Indices, ascending within a group. Layers overlap that share a pixel with both alphas above 0.

    A layer without such a pixel joins the top group.
    """
    left, top, right, bottom = around(cut.box for cut in cuts)
    peels = np.zeros((bottom - top, right - left), np.int32)
    members: dict[int, list[int]] = {}
    for index in reversed(range(len(cuts))):
        box = cuts[index].box
        peel = _peel(cuts[index].pixels, box[1] - top, box[0] - left, peels)
        members.setdefault(peel, []).insert(0, index)
    return [members[peel] for peel in sorted(members, reverse=True)]


@kernel(types.int64, READ_PIXELS, types.intp, types.intp, I32_2D)
def _peel(pixels: np.ndarray, top: int, left: int, peels: np.ndarray) -> int:
    width = pixels.shape[1]
    peel = np.int32(0)
    for y in range(pixels.shape[0]):
        row, above = pixels[y], peels[top + y, left : left + width]
        for x in range(width):
            here = above[x] if row[x] >> np.uint32(24) > 0 else np.int32(0)
            peel = max(peel, here)
    peel += np.int32(1)
    for y in range(pixels.shape[0]):
        row, above = pixels[y], peels[top + y, left : left + width]
        for x in range(width):
            above[x] = peel if row[x] >> np.uint32(24) > 0 else above[x]
    return int(peel)
