"""Hue/Saturation against psd-tools' functions and Python's own HSL."""

import colorsys

import numpy as np
import pytest
from psd_tools.composite import adjustments
from psd_tools.psd.adjustments import HueSaturation

from data_pipeline.flatten.adjustments.hue_saturation import hue_saturation
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import as_change, colours

_REDS = (315, 345, 15, 45)


def _settings(enable: int, shift: tuple[int, int, int], reds: tuple[int, int, int] = (0, 0, 0)) -> HueSaturation:
    return HueSaturation(enable=enable, colorization=shift, master=shift, items=[[_REDS, reds]])


@pytest.mark.parametrize("shift", [(200, 25, 0), (30, 100, -40), (350, 60, 70)])
def test_colorize(shift: tuple[int, int, int]) -> None:
    rgb = as_change(colours())
    drawn = hue_saturation(_settings(1, shift))(rgb)
    for old, new in zip(rgb.reshape(-1, 3).tolist(), drawn.reshape(-1, 3), strict=True):
        lightness, move = (min(old) + max(old)) / 2, shift[2] / 100
        lightness += (1 - lightness) * move if move > 0 else lightness * move
        assert np.allclose(new, colorsys.hls_to_rgb(shift[0] / 360, lightness, shift[1] / 100), atol=1e-6)


def test_a_range_leaves_other_hues_alone() -> None:
    rgb = np.array([[[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0.5], [0.2, 0.3, 0.9]]], np.float32)
    drawn = hue_saturation(_settings(0, (0, 0, 0), (120, 0, 0)))(rgb)
    assert np.abs(drawn - np.array([[[0, 1, 0], [0, 1, 0], [0.5, 0.5, 0.5], [0.2, 0.3, 0.9]]])).max() < 1e-5


@pytest.mark.parametrize("master", [(40, 0, 0), (-170, 30, -20), (0, -60, 50), (10, 100, 0), (0, 0, 0)])
def test_without_ranges_it_is_what_psd_tools_measured(master: tuple[int, int, int]) -> None:
    rgb = as_change(colours())
    wanted = adjustments._huesaturation(rgb, [], adjustments._normalize_hsl(master))
    assert np.abs(hue_saturation(_settings(0, master))(rgb) - wanted).max() < 1e-4


def test_a_hue_turns() -> None:
    rgb = as_change(colours())
    drawn = hue_saturation(_settings(0, (120, 0, 0)))(rgb)
    assert np.abs(drawn - rgb[..., [2, 0, 1]]).max() < 1e-5


def test_settings_that_photoshop_cannot_have_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="saturation"):
        hue_saturation(_settings(0, (0, 101, 0)))
