"""Curves as tables."""

import numpy as np
import pytest
from psd_tools.psd.adjustments import Curves, CurvesExtraItem, CurvesExtraMarker
from scipy.interpolate import CubicSpline

from data_pipeline.flatten.adjustments.curves import curve_tables

_BEND = [(0, 20), (180, 100), (255, 240)]  # new, old


def _recorded(*curves: tuple[int, list]) -> Curves:
    return Curves(version=1, extra=CurvesExtraMarker(items=[CurvesExtraItem(*curve) for curve in curves]))


def test_a_curve_is_a_natural_spline_that_ends_level() -> None:
    table = curve_tables(_recorded((2, _BEND)), 3)
    new, old = np.array(_BEND).T
    wanted = CubicSpline(old, new, bc_type="natural")(np.clip(np.arange(256), 20, 240))
    assert np.allclose(table[1] * 255, np.clip(wanted, 0, 255))
    assert np.allclose(table[[0, 2]], np.arange(256) / 255)


def test_the_composite_curve_comes_last() -> None:
    own, both = list(range(255, -1, -1)), [value // 2 for value in range(256)]
    tables = curve_tables(_recorded((0, both), (1, own)), 3)
    assert np.array_equal(np.rint(tables[0] * 255), [(255 - value) // 2 for value in range(256)])
    assert np.array_equal(np.rint(tables[1] * 255), both)


def test_without_records_the_bits_name_the_channels() -> None:
    tables = curve_tables(Curves(version=1, count_map=0b1000, data=[_BEND]), 3)
    assert np.array_equal(tables, curve_tables(_recorded((3, _BEND)), 3))


def test_points_out_of_order_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="increasing"):
        curve_tables(_recorded((1, [(0, 9), (5, 9)])), 3)
