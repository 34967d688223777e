"""The settings of Gradient Map -> a change of colours."""

import numpy as np
from psd_tools.psd.adjustments import GradientMap

from data_pipeline.flatten.adjustments.change import Change, by_luminosity
from data_pipeline.flatten.adjustments.stored_colour import stored_rgb
from data_pipeline.flatten.ramp import SMOOTHEST, in_order, rgb_ramp


def gradient_map(settings: GradientMap) -> Change:
    """A colour becomes the gradient's at its luminosity, by Photoshop's manual. Noise is not drawn, dither ignored.

    Measured only at white; the colours along a gradient are those of gradient fills, which are measured. Raises
    ValueError where the gradient is unreadable.
    """
    stops = settings.color_stops
    if settings.mode or not stops:  # a gradient of noise
        raise ValueError(f"a gradient map of mode {settings.mode} with {len(stops)} stops")
    locations = np.array([float(stop.location) for stop in stops])
    midpoints = np.array([float(stop.midpoint) for stop in stops])
    values = np.array([stored_rgb(stop.mode, stop.color) for stop in stops])
    smoothness = min(settings.interpolation / SMOOTHEST, 1.0)
    places = np.arange(256) / 255
    table = np.clip(rgb_ramp(in_order(locations, midpoints, values), places, smoothness, settings.method), 0, 1)
    return by_luminosity(table[::-1] if settings.is_reversed else table)
