"""How opaque a picture is in, whether a ground beneath it could be predicted out."""

import numpy as np

_LEAST_SEEN = 1e-3  # of a ground, in which its colour can be found


def is_opaque(alpha_HW: np.ndarray) -> bool:
    """uint8. A ground that nearly nothing shows of (soft edges over a white page) could not be predicted."""
    return bool(1 - alpha_HW.mean(dtype=np.float64) / 255 < _LEAST_SEEN)
