"""A layer in one of the eight modes whose fill opacity fades its colour -> a plain layer that gives the same picture.

A pixel's own alpha is part of the layer's shape; unless the layer's transparency does not shape it: then it is a part
of the fill. Photoshop's transparency and fill meet in 0e394026_src.psd.
"""

from dataclasses import replace

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode, Tag

from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.backdrop import Backdrop
from data_pipeline.flatten.bake import bake
from data_pipeline.flatten.blend import FILLED
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.tagged_blocks import is_switched_on


def is_shaped(layer: Layer) -> bool:
    """Whether its transparency shapes a layer, as it does unless a switch says otherwise."""
    return is_switched_on(layer, Tag.TRANSPARENCY_SHAPES_LAYER, default=True)


def fades_colour(layer: Layer, fill: float) -> bool:
    """Whether the fill opacity, or the transparency that counts as one, fades the colour that is blended."""
    return layer.blend_mode in FILLED and (fill < 1 or not (is_shaped(layer) or layer.is_group()))


def bake_filled(fragment: Fragment, layer: Layer, fill: float, backdrop: Backdrop, space: ColourSpace) -> Fragment:
    """`fragment`, all that the layer paints, is at the layer's opacity and not yet at its fill opacity."""
    shape = fragment.exact_alpha()
    fills = np.broadcast_to(np.float32(fill), shape.shape)
    if not is_shaped(layer) and not layer.is_group():
        own = fragment.rgba[..., 3] * np.float32(1 / 255)
        shape = np.minimum(np.divide(shape, own, out=np.zeros_like(shape), where=own > 0), 1)
        fills = own * np.float32(fill)
    shaped = replace(fragment, alpha=shape)
    return bake(shaped, BlendMode(layer.blend_mode), backdrop.picture(fragment.box), space, fills)
