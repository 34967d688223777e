"""A layer whose masks hide its effects too -> the masks that shape it, and those that cut it with its effects.

By Photoshop's manual ("Layer Mask Hides Effects", "Vector Mask Hides Effects"), effects then follow the shape that the
layer has without the mask, and the mask is laid over the whole. No picture of Photoshop's at hand shows it.
"""

from psd_tools.api.layers import Layer
from psd_tools.composite.utils import has_fill
from psd_tools.constants import Tag

from data_pipeline.boxes import union
from data_pipeline.flatten.backdrop import Backdrop, adjust_below
from data_pipeline.flatten.coverage import Coverage, mask_parts
from data_pipeline.flatten.weights import scale
from data_pipeline.tagged_blocks import VECTOR_MASK, is_switched_on
from schemas.stack import Box


def asks_to_hide_effects(layer: Layer) -> bool:
    """Whether it has a mask whose switch says so."""
    return _users_mask_hides(layer) or _path_asks(layer)


def hides_effects(layer: Layer) -> bool:
    """Whether it has a mask that does."""
    return _users_mask_hides(layer) or _path_hides(layer)


def shaping_coverage(layer: Layer, box: Box) -> Coverage:
    """The masks that effects follow, as far as they matter on `box`."""
    users, path = mask_parts(layer, box)
    return _product(Coverage() if _users_mask_hides(layer) else users, Coverage() if _path_hides(layer) else path, box)


def hiding_coverage(layer: Layer, box: Box) -> Coverage:
    """The others: with those that shape it, the product is `mask_coverage`."""
    users, path = mask_parts(layer, box)
    return _product(users if _users_mask_hides(layer) else Coverage(), path if _path_hides(layer) else Coverage(), box)


def cut_by_masks(inner: Backdrop, layer: Layer, around: Backdrop) -> None:
    """What lies in `inner`, a fork of `around`, is painted there, cut by the masks that hide the layer's effects."""
    if not inner.fragments and not inner.adjustments:
        return
    box = inner.box if inner.adjustments else union(fragment.box for fragment in inner.fragments)
    coverage = hiding_coverage(layer, box)
    adjust_below(inner, coverage, around)
    around.add(scale(inner.fragments, coverage))


def _users_mask_hides(layer: Layer) -> bool:
    is_on = layer.mask is not None and not layer.mask.disabled
    return is_on and is_switched_on(layer, Tag.LAYER_MASK_AS_GLOBAL_MASK, default=False)


def _path_asks(layer: Layer) -> bool:
    has_path = any(tag in layer.tagged_blocks for tag in VECTOR_MASK)
    return has_path and is_switched_on(layer, Tag.VECTOR_MASK_AS_GLOBAL_MASK, default=False)


def _path_hides(layer: Layer) -> bool:
    """Not where the path is all that bounds a fill: a shape's effects still follow it."""
    return _path_asks(layer) and not has_fill(layer)


def _product(one: Coverage, other: Coverage, box: Box) -> Coverage:
    if one.is_full or other.is_full:
        return other if one.is_full else one
    return Coverage(0.0, box, one.on(box) * other.on(box))
