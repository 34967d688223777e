"""Whether two stacks show the same, layer by layer."""

import numpy as np

from data_pipeline.compose import compose
from schemas.stack import Stack


def same_pixels(one: Stack, other: Stack, within: int = 0) -> bool:
    """On full canvases, so that boxes may differ where nothing shows."""
    if (one.width, one.height, len(one.layers)) != (other.width, other.height, len(other.layers)):
        return False
    for a, b in zip(one.layers, other.layers, strict=True):
        canvases = [compose(Stack(one.width, one.height, (layer,))).astype(int) for layer in (a, b)]
        if np.abs(canvases[0] - canvases[1]).max() > within:
            return False
    return True
