"""A layer that leaves some channels alone -> a plain layer that gives the same picture over its opaque backdrop.

In a restricted channel the backdrop's value stays: there the plain layer has the backdrop's own colour.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from psd_tools.api.layers import AdjustmentLayer, Layer
from psd_tools.constants import BlendMode, ColorMode, Tag

from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.backdrop import Backdrop
from data_pipeline.flatten.bake import OPAQUE, bake
from data_pipeline.flatten.fill import fades_colour
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.tree import Tree
from data_pipeline.tagged_blocks import parse

_CHANNELS = 3


def restricted_channels(layer: Layer) -> tuple[int, ...]:
    """The channels that are not blended, from 0, red; empty where all are or the block cannot be read."""
    parse(layer.tagged_blocks, Tag.CHANNEL_BLENDING_RESTRICTIONS_SETTING)
    listed = layer.tagged_blocks.get_data(Tag.CHANNEL_BLENDING_RESTRICTIONS_SETTING, ())
    return () if isinstance(listed, bytes) else tuple(sorted({int(one) for one in listed}))


def draws_restriction(layer: Layer) -> bool:
    """Whether the restriction of a layer without effects, a knockout and what is clipped to it is drawn: of RGB layers
    and isolated groups in any mode but Dissolve and those that their fill opacity fades."""
    channels = restricted_channels(layer)
    if not channels or layer._psd.color_mode != ColorMode.RGB or isinstance(layer, AdjustmentLayer):
        return False
    fill = layer.tagged_blocks.get_data(Tag.BLEND_FILL_OPACITY, 255) / 255
    if fades_colour(layer, fill) or not all(channel < _CHANNELS for channel in channels):
        return False
    return layer.blend_mode not in (BlendMode.DISSOLVE, BlendMode.PASS_THROUGH)


def restricted(
    own: Sequence[Fragment], layer: Layer, backdrop: Backdrop, tree: Tree, space: ColourSpace
) -> list[Fragment]:
    """Flattened into one. Over a translucent backdrop it is drawn with the colour that is there, and named."""
    part = tree.flattened(own).crop(backdrop.box) if own else None
    channels = list(restricted_channels(layer))
    if part is None or len(channels) == _CHANNELS:
        return []
    below = backdrop.picture(part.box)
    if ((below[..., 3] < OPAQUE) & (part.exact_alpha() > 0)).any():
        tree.unsupported.add("channel_restrictions")  # what a channel is where nothing lies below is not known
    baked = bake(part, BlendMode(layer.blend_mode), below, space)
    straight = below[..., channels] / np.maximum(below[..., 3:], np.float32(1e-6))
    rgba, alpha = baked.rgba.copy(), baked.exact_alpha()
    rgba[..., channels] = np.rint(np.clip(straight, 0, 1) * 255) * (alpha > 0)[..., np.newaxis]
    kept = (alpha[..., np.newaxis] * np.abs(1 - 2 * np.clip(straight, 0, 1))).sum()  # errors on the inverted backdrop
    dependence = float(kept) / (_CHANNELS * max(1, int((alpha > 0).sum())))
    return [replace(baked, rgba=rgba, backdrop_dependence=baked.backdrop_dependence + dependence)]
