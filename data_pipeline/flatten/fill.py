"""Fill opacity in the modes that Photoshop fades from within: the paint goes to the colour that changes nothing.

In them opacity mixes the blended picture with the one below, as in every mode, but fill, and the strength of an
effect, weaken the paint before it is blended: linear dodge adds half of the colour, say. Measured on a bevel in linear
dodge and linear burn and on a layer in linear light, exact to 1/255; Hard Mix has no such colour and is left out.
"""

import numpy as np
from psd_tools.constants import BlendMode

_NEUTRAL = {
    BlendMode.LINEAR_DODGE: 0.0,
    BlendMode.COLOR_DODGE: 0.0,
    BlendMode.DIFFERENCE: 0.0,
    BlendMode.LINEAR_BURN: 1.0,
    BlendMode.COLOR_BURN: 1.0,
    BlendMode.LINEAR_LIGHT: 0.5,
    BlendMode.VIVID_LIGHT: 0.5,
}


def fades_within(mode: BlendMode) -> bool:
    """Whether fill weakens the paint of this mode rather than its alpha."""
    return mode in _NEUTRAL


def neutral_of(mode: BlendMode) -> float:
    """The grey in [0, 1] that changes nothing; 0 in modes that do not fade within."""
    return _NEUTRAL.get(mode, 0.0)


def faded(rgb: np.ndarray, share: np.ndarray, mode: BlendMode) -> np.ndarray:
    """uint8 [height, width, 3] at `share` in [0, 1], float32 that broadcasts to [height, width]: uint8, contiguous."""
    neutral = np.float32(255 * _NEUTRAL[mode])
    return np.rint(neutral + (rgb.astype(np.float32) - neutral) * share[..., np.newaxis]).astype(np.uint8)
