"""A stroke's band: its shares of a soft edge."""

import numpy as np
import pytest
from psd_tools.constants import ColorMode

from data_pipeline.colour import ColourSpace
from data_pipeline.drawing import Pixels, Stroke
from data_pipeline.flatten.coverage import Coverage
from data_pipeline.flatten.effects.effect import effects_of
from data_pipeline.flatten.effects.stroke import draw_stroke
from data_pipeline.flatten.fragment import Fragment
from tests.data_pipeline.flatten.test_walk import opened

_RGB = ColourSpace(ColorMode.RGB, None, None, damaged_profile=False)


@pytest.mark.parametrize("edge", [20, 100, 128, 200, 250])
def test_a_centred_stroke_of_a_pixel_leaves_both_sides_of_a_soft_edge_their_part(edge: int) -> None:
    rgba = np.full((20, 20, 4), 255, np.uint8)
    rgba[:, 0, 3] = edge
    layer = opened([Pixels(rgba=rgba, left=10, top=10, effects=(Stroke(1, (9, 9, 9), "centre"),))]).psd[0]
    stroke = draw_stroke(effects_of(layer)[0], layer, [Fragment((10, 10, 30, 30), rgba, None, (0,))], Coverage(), _RGB)
    assert stroke is not None
    row, left = 20 - stroke.box[1], 10 - stroke.box[0]
    alpha = edge / 255
    band = min(alpha + 0.5, 1.5 - alpha)
    assert stroke.within[row, left] == pytest.approx(band, abs=1e-5)
    assert stroke.beside[row, left] == pytest.approx(band * (1 - alpha), abs=1e-5)
    assert stroke.beside[row, left - 1] == pytest.approx(max(alpha - 0.5, 0), abs=1e-5)
    assert stroke.within[row, left + 1] == pytest.approx(max(0.5 - alpha, 0), abs=1e-5)
