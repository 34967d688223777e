"""The part of the plane that is painted: the canvas, and around it what effects on the canvas depend on."""

from data_pipeline.boxes import grown, intersect, union
from data_pipeline.flatten.tree import Tree
from schemas.stack import Box

_MOST_SEEN_PX = 1 << 24  # or twice the window: a file of a few bytes may ask for far more


def seen_window(window: Box, box: Box, reach_px: int, tree: Tree) -> Box:
    """The window, and of a layer on `box` as much around it as its effects reach back from."""
    part = intersect(box, grown(window, reach_px)) if reach_px else None
    if part is None:
        return window
    seen = union([window, part])
    if _area(seen) > max(_MOST_SEEN_PX, 2 * _area(window)):
        tree.unsupported.add("effects_beyond_the_canvas")
        return window
    return seen


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
