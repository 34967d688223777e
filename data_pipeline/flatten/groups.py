"""A group of the layer tree: how far it reaches, whether it is clipped, and whether it changes what it holds."""

from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode, Clipping, Tag

from data_pipeline.flatten.coverage import has_masks
from data_pipeline.tagged_blocks import UNREADABLE, descendants, knocks_out, parse_geometry
from schemas.stack import Box


def reach(group: Layer, default: Box) -> Box:
    """The box of all that a group holds; the default where an artboard in it lacks its own."""
    for child in descendants(group):
        if not child.has_pixels():
            parse_geometry(child)
    try:
        return tuple(group.bbox)
    except UNREADABLE:
        return default


def only_holds(layer: Layer) -> bool:
    """Whether a group does nothing to its children: passed through, unfaded, without masks or knockout."""
    blocks = layer.tagged_blocks
    return (
        layer.kind == "group"
        and layer.blend_mode == BlendMode.PASS_THROUGH
        and layer.opacity == 255
        and blocks.get_data(Tag.BLEND_FILL_OPACITY, 255) == 255
        and not knocks_out(layer)
        and not has_masks(layer)
    )


def is_clipped(layer: Layer) -> bool:
    """Whether a layer or a group is clipped to what lies below it.

    Photoshop's menus clip no group, so psd-tools reads none as clipped. Other programs do, and their own pictures of
    such files show it.
    """
    return bool(layer._record.clipping == Clipping.NON_BASE)
