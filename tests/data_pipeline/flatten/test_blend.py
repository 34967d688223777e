"""The blend modes against psd-tools' formulas, which were measured against Photoshop."""

import numpy as np
import pytest
from psd_tools.composite.blend import get_blend_func
from psd_tools.constants import BlendMode, ColorMode

from data_pipeline.flatten.blend import MODES, blend, mode_index

_STEPS = np.rint(np.linspace(0, 255, 18)) / 255


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
def test_equals_psd_tools(mode: BlendMode) -> None:
    rng = np.random.default_rng(MODES.index(mode))
    backdrop = rng.choice(_STEPS, (40, 40, 3))
    source = rng.choice(_STEPS, (40, 40, 3))
    expected = get_blend_func(mode, ColorMode.RGB)(backdrop.astype(np.float32), source.astype(np.float32))
    ours = np.array(
        [blend(mode_index(mode), *b, *s) for b, s in zip(backdrop.reshape(-1, 3), source.reshape(-1, 3), strict=True)]
    ).reshape(expected.shape)
    # float32 and float64 disagree on which sums are exactly 1, and on which of two colours of one lightness is darker
    undecided = np.zeros((40, 40), bool)
    if mode == BlendMode.HARD_MIX:
        undecided = (np.abs(backdrop + source - 1) < 1e-6).any(axis=2)
    if mode in (BlendMode.DARKER_COLOR, BlendMode.LIGHTER_COLOR):
        undecided = np.abs((backdrop - source) @ (0.3, 0.59, 0.11)) < 1e-6
    assert undecided.mean() < 0.2
    ours, expected = ours[~undecided], expected[~undecided]
    np.testing.assert_allclose(ours, expected, atol=2e-6)


def test_knows_every_mode_of_photoshop() -> None:
    assert set(BlendMode) - set(MODES) == {BlendMode.PASS_THROUGH, BlendMode.DISSOLVE}
