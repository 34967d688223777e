"""The settings of Vibrance -> a change of colours."""

import numpy as np
from psd_tools.psd.descriptor import Descriptor

from data_pipeline.flatten.adjustments.change import FORMULA, Change, by_formula
from data_pipeline.flatten.blend import luminosity
from data_pipeline.kernel import kernel


def vibrance(settings: Descriptor) -> Change:
    """Vibrance moves a colour away from its grey the more, the paler it is; then saturation moves all alike.

    Adobe has not published it and nothing is measured. That a saturation of -100 leaves the luminosity is publicly
    known (photopea/photopea issue 8030); the weight of vibrance, one less the saturation of HSV, is a widespread
    stand-in for it (SweetFX's Vibrance, among others). Raises TypeError or ValueError where it is unreadable.
    """
    amounts = np.array([float(settings.get(key, 0)) for key in (b"vibrance", b"Strt")])
    return by_formula(_vibrate, np.clip(amounts / 100, -1, 1))


@kernel(*FORMULA)
def _vibrate(rgb: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            r, g, b = float(rgb[y, x, 0]), float(rgb[y, x, 1]), float(rgb[y, x, 2])
            low, high = min(r, g, b), max(r, g, b)
            if high <= low:
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = r, g, b
                continue
            grey = luminosity(r, g, b)
            pale = low / high
            factor = (1 + numbers[0] * pale) * (1 + numbers[1])
            for c in range(3):
                out[y, x, c] = min(max(grey + (rgb[y, x, c] - grey) * factor, 0.0), 1.0)
