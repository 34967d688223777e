"""The settings of Brightness/Contrast -> the curve that they are.

Since CS3 it is a smooth curve, before that and with `useLegacy` a straight line.
"""

import numpy as np
from psd_tools.psd.descriptor import Descriptor
from scipy.interpolate import CubicSpline

_FULL_BRIGHTNESS, _FULL_CONTRAST = 150, 100

# Contrast +100 bends the curve away from the middle by two parabolas of this height. Measured on Photoshop's picture
# of it, right to the rounding.
_BEND = 24.2 / 255

# Brightness +150 along the diagonal: at a mean of old and new value, half of what it adds. Measured on Photoshop's
# picture of it, half a level off at most.
_BRIGHTEST_AT = np.array([0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
_BRIGHTEST = np.array([0, 0.1321, 0.1754, 0.2119, 0.2316, 0.2228, 0.1751, 0.0944, 0])


def brightness_table(settings: Descriptor) -> np.ndarray:
    """The curve, float64 [256] in [0, 1]. Raises KeyError, TypeError or ValueError where it is unreadable."""
    brightness, contrast = float(settings[b"Brgh"]), float(settings[b"Cntr"])
    if bool(settings.get(b"useLegacy", False)):
        return legacy_table(brightness, contrast, float(settings.get(b"means", 127)))
    return _smooth_table(brightness, contrast)


def _smooth_table(brightness: float, contrast: float) -> np.ndarray:
    """The curve turned by 45 degrees, so that darkening is the inverse of brightening, as psd-tools found it.

    Full brightness and full contrast are measured here; a slight brightness by psd-tools; that less contrast bends
    less, and negative contrast the other way, is not measured.
    """
    b = np.clip(brightness / _FULL_BRIGHTNESS, -1, 1)
    c = np.clip(contrast / _FULL_CONTRAST, -1, 1)
    t = np.linspace(0, 1, 1024)
    slight = t * (1 - t) * (1.96 * t**0.4 + t**4 + t**1.25) / 2
    full = CubicSpline(_BRIGHTEST_AT, _BRIGHTEST, bc_type="natural")(t)
    added = b * ((1 - abs(b)) * slight + abs(b) * full)
    halfway = 1 - np.abs(2 * t - 1)
    contrasted = t + c * _BEND * np.sign(t - 0.5) * 4 * halfway * (1 - halfway)
    curve = np.interp(np.arange(256) / 255, t - added, contrasted + added)
    return np.clip(curve, 0, 1)


def legacy_table(brightness: float, contrast: float, mean: float) -> np.ndarray:
    """The line of CS2 and before, float64 [256] in [0, 1]; brightness and mean are in 1/255, contrast in percent.

    Publicly known (Photoshop's manuals: it moves all values alike; the slope is that of many reimplementations), not
    measured: brightness is added, contrast turns the line around the mean, and the one that widens comes last.
    """
    brightness, contrast = float(np.clip(brightness, -255, 255)), float(np.clip(contrast, -100, 100))
    mean = float(np.clip(mean, 0, 255))
    values = np.arange(256.0)
    if contrast >= 100:
        return (values + brightness > mean).astype(np.float64)
    if contrast > 0:
        line = (values + brightness - mean) / (1 - contrast / 100) + mean
    else:
        line = (values - mean) * (1 + contrast / 100) + mean + brightness
    return np.clip(line / 255, 0, 1)
