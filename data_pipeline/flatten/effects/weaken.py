"""An effect in a mode that Photoshop fades from within: its strength weakens the paint, and not what is blended.

Linear dodge adds half of the colour, say: the paint goes to the grey that changes nothing. Measured on a bevel in
linear dodge and linear burn, exact to 1/255. Fill opacity does the same to a layer (`bake`).
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
    """Whether strength weakens the paint of this mode rather than its alpha; Hard Mix has no grey to go to."""
    return mode in _NEUTRAL


def faded(rgb: np.ndarray, share: np.ndarray, mode: BlendMode) -> np.ndarray:
    """uint8 [height, width, 3] at `share` in [0, 1], float32 that broadcasts to [height, width]: uint8, contiguous."""
    neutral = np.float32(255 * _NEUTRAL[mode])
    return np.rint(neutral + (rgb.astype(np.float32) - neutral) * share[..., np.newaxis]).astype(np.uint8)
