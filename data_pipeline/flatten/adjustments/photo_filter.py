"""The settings of Photo Filter -> a change of colours."""

import numpy as np
from psd_tools.psd.adjustments import PhotoFilter

from data_pipeline.flatten.adjustments.change import FORMULA, Change, by_formula, by_tables
from data_pipeline.flatten.adjustments.stored_colour import stored_rgb, stored_xyz
from data_pipeline.flatten.blend import luminosity, with_luminosity
from data_pipeline.kernel import kernel


def photo_filter(settings: PhotoFilter) -> Change:
    """A gel before the lens: colours times the filter's, at its density, and at their old luminosity if wanted.

    Publicly known in outline (stackoverflow.com, "Photoshop PhotoFilter pixel math"), not measured beyond that white
    stays white. Raises ValueError where the colour cannot be read.
    """
    if settings.density is None:
        raise ValueError(f"a photo filter of version {settings.version}")
    density = min(int(settings.density), 100) / 100
    if settings.color_components is None:
        colour = stored_xyz(settings.xyz or ())
    else:
        colour = stored_rgb(int(settings.color_space or 0), settings.color_components)
    passed = 1 - density * (1 - colour)
    if settings.luminosity:
        return by_formula(_filter, passed)
    return by_tables(np.outer(passed, np.arange(256) / 255))


@kernel(*FORMULA)
def _filter(rgb: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            r, g, b = float(rgb[y, x, 0]), float(rgb[y, x, 1]), float(rgb[y, x, 2])
            target = luminosity(r, g, b)
            filtered = with_luminosity(r * numbers[0], g * numbers[1], b * numbers[2], target)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = filtered
