"""Colour lookup against scipy's interpolation."""

import numpy as np
import pytest
from psd_tools.psd.adjustments import ColorLookup
from scipy.interpolate import RegularGridInterpolator

from data_pipeline.flatten.adjustments.colour_lookup import colour_lookup
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import as_change, choice, colours, filled


def _settings(text: str, kind: bytes = b"LUTFormatCUBE", **orders: bytes) -> ColorLookup:
    keys = {key.encode(): choice(value) for key, value in orders.items()}
    return filled(ColorLookup(), {b"LUTFormat": choice(kind), b"LUT3DFileData": text.encode(), **keys})


def _rows(table: np.ndarray) -> str:
    return "\n".join(" ".join(map(str, row)) for row in table.reshape(-1, 3).tolist())


def test_colours_between_entries_are_interpolated() -> None:
    table = np.random.default_rng(0).random((4, 4, 4, 3))
    rgb = as_change(colours())
    drawn = colour_lookup(_settings(f"LUT_3D_SIZE 4\n{_rows(table)}"))(rgb)
    wanted = RegularGridInterpolator((np.linspace(0, 1, 4),) * 3, table.transpose(2, 1, 0, 3))(rgb)
    assert np.abs(drawn - wanted).max() < 1e-6


def test_a_3dl_has_blue_fastest() -> None:
    rgb = as_change(colours())
    rows = "\n".join(f"{r * 1023} {g * 1023} {b * 1023}" for r in (0, 1) for g in (0, 1) for b in (0, 1))
    assert np.abs(colour_lookup(_settings(f"0 1023\n{rows}", b"LUTFormat3DL"))(rgb) - rgb).max() < 1e-6


@pytest.mark.parametrize("key", ["dataOrder", "tableOrder"])
def test_the_other_order_swaps_red_and_blue(key: str) -> None:
    rgb = as_change(colours())
    same = _rows(np.array([[r, g, b] for b in (0, 1) for g in (0, 1) for r in (0, 1)]))
    other = b"bgrOrder" if key == "dataOrder" else b"rgbOrder"
    drawn = colour_lookup(_settings(f"LUT_3D_SIZE 2\n{same}", **{key: other}))(rgb)
    assert np.abs(drawn - rgb[..., ::-1]).max() < 1e-6


def test_another_profile_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="not a device link"):
        colour_lookup(filled(ColorLookup(), {b"profile": b"abstLab Lab "}))
