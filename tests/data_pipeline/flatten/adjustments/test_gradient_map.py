"""Gradient maps: the colours of a gradient, by luminosity."""

import numpy as np
import pytest
from psd_tools.psd.adjustments import ColorStop, GradientMap

from data_pipeline.flatten.adjustments.gradient_map import gradient_map
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import as_change, colours

_STOPS = [ColorStop(0, 50, 0, (0, 0, 65535, 0)), ColorStop(4096, 50, 0, (65535, 65535, 0, 0))]


@pytest.mark.parametrize("is_reversed", [0, 1])
def test_a_straight_gradient(is_reversed: int) -> None:
    rgb = as_change(colours())
    drawn = gradient_map(GradientMap(is_reversed=is_reversed, color_stops=_STOPS))(rgb)
    grey = np.rint(rgb.astype(np.float64) @ [0.3, 0.59, 0.11] * 255) / 255
    grey = 1 - grey if is_reversed else grey
    assert np.abs(drawn - np.stack([grey, grey, 1 - grey], -1)).max() < 1.5 / 255


@pytest.mark.parametrize("settings", [GradientMap(), GradientMap(mode=1, color_stops=_STOPS)])
def test_noise_and_nothing_cannot_be_read(settings: GradientMap) -> None:
    with pytest.raises(ValueError, match="gradient map"):
        gradient_map(settings)
