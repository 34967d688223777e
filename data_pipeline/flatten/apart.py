"""A base whose clipped layers do not blend as a group with it -> plain layers that give the same picture.

The base and what is clipped to it then blend one after another with all that lies below, each in its own mode, and are
cut to the base's shape: a pass-through group with that shape for its mask. Where it covers s, s of the picture is the
painted one. The base's overlays lie over what is clipped; below it where they blend as a group with the base.

Photoshop's thumbnail of psd-tools' blend-and-clipping.psd shows it, in Normal mode. That the base's opacity fades what
is clipped, and its fill opacity does not, is by Photoshop's manual and not measured, nor are other modes of the base.
"""

from dataclasses import replace

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode, Tag

from data_pipeline.boxes import intersect, union
from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.backdrop import Backdrop, adjust_below
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.effects.styled import Styled, overlaid
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.flatten.lay import as_normal
from data_pipeline.flatten.outline import parted
from data_pipeline.flatten.tree import Tree
from data_pipeline.flatten.weights import NOTHING, scale, total_alpha
from data_pipeline.tagged_blocks import is_switched_on, knocks_out


def blends_apart(layer: Layer) -> bool:
    """Whether layers clipped to it would."""
    return not is_switched_on(layer, Tag.BLEND_CLIPPING_ELEMENTS, default=True)


def is_measured(layer: Layer) -> bool:
    """Whether Photoshop has shown how layers blend apart that are clipped to one such as this."""
    full = layer.opacity == 255 and layer.tagged_blocks.get_data(Tag.BLEND_FILL_OPACITY, 255) == 255
    return bool(layer.blend_mode == BlendMode.NORMAL and full and not knocks_out(layer))


def fork_apart(styled: Styled, around: Backdrop, tree: Tree, space: ColourSpace) -> Backdrop | None:
    """A fork of `around` on the base's box, in which the base is painted as if its shape covered all that it touches;
    None where that is nowhere."""
    region = union(fragment.box for fragment in styled.region)
    box = intersect(region, around.box)
    if box is None:
        return None
    own = scale(styled.region, Coverage(styled.node.fill))
    if styled.blends_as_group:
        own, _ = overlaid(replace(styled, is_single=not styled.layer.is_group()), own, tree, space)
    shape = total_alpha(styled.region, region)
    own = scale(own, Coverage(0.0, region, np.where(shape > NOTHING, 1 / np.maximum(shape, NOTHING), 0)))
    own = [replace(one, alpha=np.minimum(one.exact_alpha(), 1)) for one in own]  # rounding may have left more
    inner = Backdrop(box, around)
    inner.add(as_normal(own, BlendMode(styled.layer.blend_mode), inner, tree, space))
    return inner


def shaped(styled: Styled, inner: Backdrop, count: int, around: Backdrop) -> list[Fragment]:
    """What has been painted in `inner`, a fork of `around`, cut to the base's shape; the first `count` are the base."""
    base, tops = inner.fragments[:count], inner.fragments[count:]
    if styled.outline is not None and styled.is_normal:
        base, tops = parted(base, styled.outline, tops), scale(tops, styled.outline.beside)
    shape = Coverage(0.0, inner.box, total_alpha(styled.region, inner.box))
    adjust_below(inner, shape.times(styled.node.opacity), around)
    return scale([*base, *tops], shape)
