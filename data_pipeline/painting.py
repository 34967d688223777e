"""An open document -> its layers, composite and contributions, painted as the stored image says that it was.

Whether text was mixed at Photoshop's gamma is a setting of the program that no file holds: a document with text is
painted with it, and again without it where that leaves doubts; the nearer one is taken.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from psd_tools.api.layers import Layer

from data_pipeline.colour import ColourSpace
from data_pipeline.contribution import Contributions, contributions
from data_pipeline.document import Document
from data_pipeline.fidelity import Distance, distance, stored_image
from data_pipeline.filter import least_visible_px
from data_pipeline.flatten import Flattened, flatten
from data_pipeline.flatten.text import PHOTOSHOPS_GAMMA
from data_pipeline.pixels import DamagedPixels
from data_pipeline.tagged_blocks import descendants
from schemas.options import CurateOptions


@dataclass(frozen=True, eq=False)
class Painted:
    """A flattened document, its composite (straight uint8 RGBA), and what each layer contributes to it."""

    flat: Flattened
    composite: np.ndarray
    contribution: Contributions


def paint_document(
    document: Document,
    space: ColourSpace,
    options: CurateOptions,
    finished: Callable[[Layer], None] = lambda layer: None,
) -> Painted:
    """`finished` is called with each layer at the top of the tree that will not be painted again.

    Raises DamagedPixels where a visible layer cannot be decompressed.
    """
    if not any(layer.kind == "type" for layer in descendants(document.psd)):
        return _painted(document, space, options, None, finished)
    mixed = _painted(document, space, options, PHOTOSHOPS_GAMMA, lambda layer: None)
    try:
        stored = stored_image(document, space)
    except DamagedPixels:
        stored = None  # told when the picture is verified
    if stored is None:
        return mixed
    figures = distance(mixed.composite, stored)
    if is_gold(figures, options):
        return mixed
    plain = _painted(document, space, options, None, finished)
    return plain if distance(plain.composite, stored).mean < figures.mean else mixed


def is_gold(figures: Distance, options: CurateOptions) -> bool:
    """Whether a picture is as good as Photoshop's own."""
    return figures.mean <= options.max_mean and figures.within2 >= options.gold_within2


def _painted(
    document: Document,
    space: ColourSpace,
    options: CurateOptions,
    text_gamma: float | None,
    finished: Callable[[Layer], None],
) -> Painted:
    flat = flatten(document, space, text_gamma, finished)
    least_px = least_visible_px(flat.stack, options)
    return Painted(flat, *contributions(flat.stack, least_px, options.min_difference))
