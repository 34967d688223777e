"""A layer's pixels and two boxes in, the pixels as they lie where the first box has become the second out.

Across and down apart, on premultiplied colour. Where the picture grows, by Catmull-Rom's cubic (Keys 1981, a = -1/2),
which passes through the old pixels; where it shrinks, by the filter of `data_pipeline/resize.py`, widened by the scale.
At an edge of the first box, and of the pixels, the last ones inside count on: an edge that was sharp stays sharp, and
what lies beyond it changes nothing inside.
"""

import numpy as np

from data_pipeline.boxes import intersect, union
from data_pipeline.resize import Axis, resample
from schemas.stack import Box

MAX_SIDE_PX = 300_000  # of what a box may become, as of a PSB


def mapped(rgba: np.ndarray, box: Box, old: Box, new: Box, canvas: tuple[int, int]) -> tuple[np.ndarray, Box] | None:
    """uint8 straight RGBA on `box`, as the map that makes `new` of `old` moves it; cut off by the canvas.

    `canvas` is (width, height). None where nothing is left on it. Memory is bounded by the canvas and `box`, however
    large `new` is.
    """
    whole = union((box, old))
    across = _axis((old[0], old[2]), (new[0], new[2]), (whole[0], whole[2]), canvas[0])
    down = _axis((old[1], old[3]), (new[1], new[3]), (whole[1], whole[3]), canvas[1])
    if across is None or down is None:
        return None
    (left, columns), (top, rows) = across, down
    needed = intersect(box, (*_start(columns, rows), *_end(columns, rows)))
    if needed is None:
        return None
    x, y = needed[0] - box[0], needed[1] - box[1]
    part = rgba[y : y + needed[3] - needed[1], x : x + needed[2] - needed[0]]
    pixels, (first_x, first_y, end_x, end_y) = resample(part, needed, columns, rows)
    if not pixels.size:
        return None
    return pixels, (left + first_x, top + first_y, left + end_x, top + end_y)


def _start(columns: Axis, rows: Axis) -> tuple[int, int]:
    return int(columns.first[0]), int(rows.first[0])


def _end(columns: Axis, rows: Axis) -> tuple[int, int]:
    return int(columns.first[-1] + columns.taps_of[-1]), int(rows.first[-1] + rows.taps_of[-1])


def _axis(old: tuple[int, int], new: tuple[int, int], whole: tuple[int, int], side: int) -> tuple[int, Axis] | None:
    """The first target pixel on the canvas, and the weights from there on; sources are the pixels of `whole`."""
    scale = (old[1] - old[0]) / (new[1] - new[0])
    begin = new[0] - (old[0] - whole[0]) / scale
    end = new[1] + (whole[1] - old[1]) / scale
    low, high = max(0, int(np.ceil(begin - 0.5))), min(side, int(np.floor(end + 0.5)))
    if low >= high:
        return None
    target = np.arange(low, high)
    part = np.searchsorted(new, target, side="right")  # 0 before the new box, 1 in it, 2 behind
    edges = np.array([whole[0], *old, whole[1]])
    centre = (target + 0.5 - new[0]) * scale - 0.5 + old[0]
    reach = scale if scale > 1 else 2.0
    first = np.clip(np.floor(centre - reach).astype(np.int64) + 1, edges[part], edges[part + 1] - 1)
    last = np.clip(np.ceil(centre + reach).astype(np.int64) - 1, edges[part], edges[part + 1] - 1)
    place = first[:, None] + np.arange(int((last - first).max()) + 1)
    distance = np.abs(place - centre[:, None])
    weights = np.where(
        place <= last[:, None], _shrinking(distance / scale) if scale > 1 else catmull_rom(distance), 0.0
    )
    weights /= weights.sum(axis=1, keepdims=True)
    return low, Axis(first, last - first + 1, weights.astype(np.float32))


def _shrinking(x: np.ndarray) -> np.ndarray:
    x = np.minimum(x, 1.0)
    return 1.0 - x * x * (3.0 - 2.0 * x)


def catmull_rom(x: np.ndarray) -> np.ndarray:
    """The weight at a distance of x pixels, 0 from 2 on."""
    near = 1.0 - x * x * (2.5 - 1.5 * x)
    far = 2.0 - x * (4.0 - x * (2.5 - 0.5 * x))
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
