"""Colours of PSD's older structures."""

import numpy as np
import pytest

from data_pipeline.flatten.adjustments.stored_colour import stored_rgb


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


def test_another_space_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="space 99"):
        stored_rgb(99, (0, 0, 0, 0))
