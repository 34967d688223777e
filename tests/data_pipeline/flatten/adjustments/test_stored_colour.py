"""Colours of PSD's older structures."""

import numpy as np
import pytest

from data_pipeline.flatten.adjustments.stored_colour import stored_rgb, stored_xyz


@pytest.mark.parametrize(
    ("space", "numbers", "rgb"),
    [
        (0, (65535, 0, 32768, 0), (255, 0, 127.5)),
        (1, (32768, 65535, 65535, 0), (0, 255, 255)),
        (2, (0, 65535, 65535, 65535), (0, 255, 255)),
        (7, (5429, 8081, 6989, 0), (255, 0, 0)),  # sRGB's red at D50
        (7, (10000, 0, 0, 0), (255, 255, 255)),
        (8, (10000, 0, 0, 0), (255, 255, 255)),
    ],
)
def test_spaces(space: int, numbers: tuple[int, ...], rgb: tuple[float, ...]) -> None:
    assert np.abs(stored_rgb(space, numbers) * 255 - rgb).max() <= 1


@pytest.mark.parametrize(
    ("xyz", "rgb"),
    [
        ((0.96422, 1.0, 0.82521), (255, 255, 255)),
        ((0.4360747, 0.2225045, 0.0139322), (255, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_xyz_is_seen_in_d50(xyz: tuple[float, ...], rgb: tuple[float, ...]) -> None:
    assert np.abs(stored_xyz([round(65536 * part) for part in xyz]) * 255 - rgb).max() <= 1


def test_another_space_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="space 99"):
        stored_rgb(99, (0, 0, 0, 0))
