"""Selective colour against a transcription, pixel by pixel."""

import numpy as np
import pytest
from psd_tools.psd.adjustments import SelectiveColor

from data_pipeline.flatten.adjustments.selective_colour import selective_colour
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import as_change, colours


def _transcribed(rgb: tuple[float, float, float], plates: np.ndarray, relative: bool) -> list[float]:
    low, middle, high = sorted(rgb)
    r, g, b = rgb
    belongs = [r == high, b == low, g == high, r == low, b == high, g == low]
    scales = [(high - middle if k % 2 == 0 else middle - low) * belongs[k] for k in range(6)]
    scales += [max(2 * low - 1, 0), 1 - (abs(high - 0.5) + abs(low - 0.5)), max(1 - 2 * high, 0)]
    result = []
    for c, value in enumerate(rgb):
        total = value
        for scale, plate in zip(scales, plates / 100, strict=True):
            change = (-1 - plate[c]) * plate[3] - plate[c]
            change *= 1 - value if relative else 1
            total += scale * min(max(change, -value), 1 - value)
        result.append(min(max(total, 0), 1))
    return result


@pytest.mark.parametrize("relative", [True, False])
def test_as_published(relative: bool) -> None:
    plates = np.random.default_rng(1).integers(-100, 101, (9, 4))
    rgb = as_change(colours())
    settings = SelectiveColor(method=0 if relative else 1, data=[(0, 0, 0, 0), *map(tuple, plates.tolist())])
    drawn = selective_colour(settings)(rgb)
    wanted = [[_transcribed(tuple(pixel), plates, relative) for pixel in row] for row in rgb.tolist()]
    assert np.abs(drawn - wanted).max() < 1e-6


def test_black_on_whites_leaves_colours_alone() -> None:
    plates = [(0, 0, 0, 0)] * 10
    plates[7] = (0, 0, 0, 100)
    rgb = np.array([[[1, 1, 1], [1, 0, 0], [0.5, 0.5, 0.5]]], np.float32)
    drawn = selective_colour(SelectiveColor(method=1, data=plates))(rgb)
    assert np.allclose(drawn, [[[0, 0, 0], [1, 0, 0], [0.5, 0.5, 0.5]]])
