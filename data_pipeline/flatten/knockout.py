"""A layer that knocks out what lies below it -> what is left of that; and where a deep knockout ends."""

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode, ChannelID, Knockout, Tag

from data_pipeline.boxes import union
from data_pipeline.flatten.backdrop import Backdrop
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.tree import Tree
from data_pipeline.flatten.weights import erase, total_alpha
from data_pipeline.tagged_blocks import knocks_out


def is_background(layer: Layer) -> bool:
    """A Background, under whatever name, is a bottom layer that has no transparency channel."""
    channels = {info.id for info in layer._record.channel_info}
    return not layer.is_group() and layer.has_pixels() and ChannelID.TRANSPARENCY_MASK not in channels


def knock_out(region: list[Fragment], own: list[Fragment], backdrop: Backdrop, start: int) -> None:
    """Erase what a knockout, about to be painted, hides.

    Of a weight below a hole of coverage s, 1 - s is left. The layer of alpha a that will be painted into it leaves
    1 - a, so the erasing leaves (1 - s) / (1 - a).
    """
    box = union(fragment.box for fragment in region)
    kept = 1 - total_alpha(region, box)
    uncovered = 1 - total_alpha(own, box)
    left = np.divide(kept, uncovered, out=np.zeros_like(kept), where=uncovered > 0)
    hole = Coverage(0.0, box, 1 - np.minimum(left, 1))
    backdrop.replace_from(start, erase(backdrop.fragments[start:], hole))


def knockout_start(layer: Layer, backdrop: Backdrop, scope: int, has_background: bool, tree: Tree) -> int | None:
    """The first fragment that a knockout erases; None without one.

    A shallow one ends at its group; a deep one, or one in no group, at the Background (Photoshop CS5's manual, p. 260).
    """
    if not knocks_out(layer):
        return None
    if layer.is_group() and layer.blend_mode == BlendMode.PASS_THROUGH:
        tree.unsupported.add("knockout_of_pass_through_group")  # its children have seen what it knocks out
    if backdrop.is_adjusted:
        tree.unsupported.add("knockout_of_adjustment")  # what it lays bare keeps its changed colours
    is_deep = layer.tagged_blocks.get_data(Tag.KNOCKOUT_SETTING) == Knockout.DEEP
    if not is_deep and (scope or backdrop.is_fork):
        return scope
    if backdrop.is_fork:
        tree.unsupported.add("knockout_deep")
    below = has_background and backdrop.fragments and backdrop.fragments[0].layer_ids == (0,)
    return 1 if below else 0
