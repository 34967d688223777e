"""The settings of Black & White -> a change of colours."""

import numpy as np
from psd_tools.composite import paint
from psd_tools.constants import ColorMode
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Key

from data_pipeline.flatten.adjustments.change import FORMULA, Change, by_formula
from data_pipeline.flatten.blend import with_luminosity
from data_pipeline.kernel import inlined, kernel

# Around the colour wheel, and what Photoshop's default is
_SLIDERS = ((b"Rd  ", 40), (b"Yllw", 60), (b"Grn ", 40), (b"Cyn ", 60), (b"Bl  ", 20), (b"Mgnt", 80))


def black_white(settings: Descriptor) -> Change:
    """A grey: what the channels share, and of what exceeds it the secondary and the primary colour at their sliders.

    Publicly known (a colour answers to one additive and one subtractive slider, and greys stay), not measured; that
    the tint keeps its colour at the grey's luminosity, as a layer in Color mode, is not either. Raises KeyError,
    TypeError or ValueError where the tint is unreadable.
    """
    weights = np.array([float(settings.get(key, default)) for key, default in _SLIDERS])
    weights = np.clip(weights, -200, 300) / 100
    if not bool(settings.get(b"useTint", False)):
        return by_formula(_grey, weights)
    tint = paint._get_color(ColorMode.RGB, {Key.Color: settings[b"tintColor"]})
    return by_formula(_tinted, np.concatenate([weights, tint]))


@inlined
def _weighed(r: float, g: float, b: float, weights: np.ndarray) -> float:
    low, high = min(r, g, b), max(r, g, b)
    middle = r + g + b - low - high
    primary = 0 if r == high else (2 if g == high else 4)
    secondary = 1 if b == low else (3 if r == low else 5)
    grey = low + (middle - low) * weights[secondary] + (high - middle) * weights[primary]
    return min(max(grey, 0.0), 1.0)


@kernel(*FORMULA)
def _grey(rgb: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            grey = _weighed(float(rgb[y, x, 0]), float(rgb[y, x, 1]), float(rgb[y, x, 2]), numbers)
            out[y, x, 0] = out[y, x, 1] = out[y, x, 2] = grey


@kernel(*FORMULA)
def _tinted(rgb: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            grey = _weighed(float(rgb[y, x, 0]), float(rgb[y, x, 1]), float(rgb[y, x, 2]), numbers)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = with_luminosity(numbers[6], numbers[7], numbers[8], grey)
