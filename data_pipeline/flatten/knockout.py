"""A layer that knocks out what lies below it -> what is left of that; and where a deep knockout ends."""

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import ChannelID

from data_pipeline.boxes import union
from data_pipeline.flatten.backdrop import Backdrop
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.weights import erase, total_alpha


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
