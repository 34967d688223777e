"""What a layer paints, in its blend mode -> plain Normal layers that give the same picture over the backdrop."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode

from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.backdrop import Backdrop, merged
from data_pipeline.flatten.bake import bake
from data_pipeline.flatten.blend import FILLED
from data_pipeline.flatten.dissolve import dissolved, is_soft
from data_pipeline.flatten.fill import bake_filled
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.tree import Tree

NORMAL_MODES = (BlendMode.NORMAL, BlendMode.PASS_THROUGH)


def as_normal(
    own: Sequence[Fragment], mode: BlendMode, backdrop: Backdrop, tree: Tree, space: ColourSpace
) -> list[Fragment]:
    """As it is in Normal; otherwise flattened into one, the part of it inside the backdrop."""
    if mode in NORMAL_MODES or not own:
        return list(own)
    part = tree.flattened(own).crop(backdrop.box)
    if part is not None and mode == BlendMode.DISSOLVE:
        if is_soft(part):
            tree.unsupported.add("dissolve")  # drawn, in another pattern than Photoshop's
        return [dissolved(part)]
    return [] if part is None else [bake(part, mode, backdrop.picture(part.box), space)]


def as_filled(
    own: Sequence[Fragment], layer: Layer, fill: float, backdrop: Backdrop, tree: Tree, space: ColourSpace
) -> list[Fragment]:
    """The same of a layer whose fill opacity, which `own` is without, fades its colour."""
    part = tree.flattened(own).crop(backdrop.box)
    return [] if part is None else [bake_filled(part, layer, fill, backdrop, space)]


def effect_as_normal(
    tones: Sequence[tuple[Fragment, BlendMode]], opacity: float, backdrop: Backdrop, tree: Tree, space: ColourSpace
) -> list[Fragment]:
    """The same of what an effect paints, at its layer's opacity: both tones of a bevel, each in its mode, make one."""
    laid = [one for part, mode in tones for one in _tone_as_normal(part, opacity, mode, backdrop, tree, space)]
    return [merged(laid)] if len(laid) > 1 else laid


def _tone_as_normal(
    part: Fragment, opacity: float, mode: BlendMode, backdrop: Backdrop, tree: Tree, space: ColourSpace
) -> list[Fragment]:
    """In eight modes its strength is a fill opacity.

    Measured on a bevel in linear dodge and linear burn, exact to 1/255.
    """
    if mode not in FILLED:
        return as_normal([part.scaled(opacity)], mode, backdrop, tree, space)
    inner = part.crop(backdrop.box)
    if inner is None:
        return []
    strength = inner.exact_alpha()
    shape = np.where(strength > 0, np.float32(opacity), np.float32(0))
    return [bake(replace(inner, alpha=shape), mode, backdrop.picture(inner.box), space, strength)]
