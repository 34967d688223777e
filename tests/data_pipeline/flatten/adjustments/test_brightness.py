"""Brightness/Contrast as curves."""

import numpy as np
import pytest
from psd_tools.composite import adjustments
from psd_tools.psd.descriptor import Descriptor

from data_pipeline.flatten.adjustments.brightness import brightness_table, legacy_table
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import filled


def _settings(brightness: int, contrast: int) -> Descriptor:
    return filled(Descriptor(), {b"Brgh": brightness, b"Cntr": contrast})


def test_photoshops_highest_contrast() -> None:
    old, new = [0, 11, 44, 69, 115, 142, 191, 228, 255], [0, 3, 22, 45, 106, 152, 215, 244, 255]
    assert np.abs(brightness_table(_settings(0, 100))[old] * 255 - new).max() < 0.6


def test_less_contrast_bends_less() -> None:
    values = np.arange(256) / 255
    full, less = (brightness_table(_settings(0, contrast)) - values for contrast in (100, -50))
    assert np.allclose(less, -full / 2, atol=1e-5)


def test_a_slight_brightness_is_what_psd_tools_measured() -> None:
    t = np.linspace(0, 1, 1024, dtype=np.float32)
    added = adjustments._get_brightness_spline(np.float32(15 / 150), t)
    wanted = np.interp(np.arange(256) / 255, t - added, t + added)
    assert np.abs(brightness_table(_settings(15, 0)) - wanted).max() * 255 < 0.5


def test_darkening_is_the_inverse_of_brightening() -> None:
    there, back = brightness_table(_settings(90, 0)), brightness_table(_settings(-90, 0))
    values = np.arange(256) / 255
    assert np.abs(np.interp(there, values, back) - values).max() * 255 < 1


def test_photoshops_brightest_curve() -> None:
    old, new = [11, 44, 88, 125, 157, 211, 255], [28, 113, 205, 237, 248, 254, 255]
    assert np.abs(brightness_table(_settings(150, 0))[old] * 255 - new).max() < 0.6


@pytest.mark.parametrize(("brightness", "contrast"), [(30, 0), (-100, 50), (20, -50), (5, 99), (0, -100)])
def test_the_line_of_cs2(brightness: int, contrast: int) -> None:
    table = legacy_table(brightness, contrast, 127)
    for value in (0, 60, 127, 128, 255):
        if contrast > 0:
            wanted = (value + brightness - 127) * 100 / (100 - contrast) + 127
        else:
            wanted = (value - 127) * (100 + contrast) / 100 + 127 + brightness
        assert table[value] * 255 == pytest.approx(min(max(wanted, 0), 255))


def test_full_contrast_of_cs2_is_a_threshold() -> None:
    assert np.array_equal(np.unique(legacy_table(0, 100, 127)), [0, 1])
