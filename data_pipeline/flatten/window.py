"""The part of the plane that is painted: the canvas, and around it what effects on the canvas depend on."""

from data_pipeline.boxes import area, grown, intersect, union
from data_pipeline.flatten.tree import Tree
from schemas.stack import Box

_MOST_SEEN_PX = 1 << 24  # or twice the window: a file of a few bytes may ask for far more


def seen_window(window: Box, box: Box, reach_px: int, tree: Tree) -> Box:
    """The window, and of a layer on `box` as much around it as its effects reach back from."""
    part = intersect(box, grown(window, reach_px)) if reach_px else None
    if part is None:
        return window
    seen = union([window, part])
    if area(seen) > max(_MOST_SEEN_PX, 2 * area(window)):
        tree.unsupported.add("effects_beyond_the_canvas")
        return window
    return seen
