"""Colour Balance against a transcription, channel by channel."""

import math

import numpy as np
import pytest
from psd_tools.psd.adjustments import ColorBalance

from data_pipeline.flatten.adjustments.colour_balance import colour_balance_tables


def _level(value: float, black: float, white: float, exponent: float) -> float:
    bright = min(value / (1 - white / 255), 1.0)
    return max((bright - black / 255) / (1 - black / 255), 0.0) ** exponent


@pytest.mark.parametrize("seed", range(5))
def test_luminosity_is_preserved_as_published(seed: int) -> None:
    shadows, midtones, highlights = np.random.default_rng(seed).integers(-100, 101, (3, 3)).tolist()
    tables = colour_balance_tables(ColorBalance(shadows, midtones, highlights, True))
    middle = sorted(midtones)[1]
    for c in range(3):
        apart = [one - middle for one in midtones]
        exponent = math.exp(-0.0033944 * (apart[c] - sum(apart[:c] + apart[c + 1 :])))
        black, white = max(shadows) - shadows[c], highlights[c] - min(highlights)
        for value in (0, 17, 128, 200, 255):
            assert tables[c, value] == pytest.approx(_level(value / 255, black, white, exponent))


def test_without_it_each_slider_moves_its_own_channel() -> None:
    tables = colour_balance_tables(ColorBalance((-20, 30, 0), (0, 0, 50), (0, -50, 40), False))
    assert tables[0, 128] == pytest.approx(_level(128 / 255, 20, 0, 1))
    assert tables[1, 128] == pytest.approx((128 / 255) ** (1 / 0.93))
    assert tables[2, 128] == pytest.approx(_level(128 / 255, 0, 40, 1 / 1.19))


def test_settings_beyond_photoshops_are_its_largest() -> None:
    beyond = colour_balance_tables(ColorBalance((-32768,) * 3, (32767,) * 3, (32767, 0, 0), False))
    most = colour_balance_tables(ColorBalance((-100,) * 3, (100,) * 3, (100, 0, 0), False))
    assert np.array_equal(beyond, most)
