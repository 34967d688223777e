"""The channel mixer against the matrix that it is."""

import numpy as np
import pytest
from psd_tools.psd.adjustments import ChannelMixer

from data_pipeline.flatten.adjustments.channel_mixer import channel_mixer
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import as_change, colours

_ROWS = np.array([[50, 40, -20, 7, 10], [0, 120, 0, 7, -15], [-30, 60, 70, 7, 0]], ">i2")


def test_each_channel_is_a_sum() -> None:
    rgb = as_change(colours())
    drawn = channel_mixer(ChannelMixer(data=_ROWS[0].tolist(), unknown=_ROWS[1:].tobytes()))(rgb)
    wanted = np.clip(rgb @ (_ROWS[:, :3] / 100).T + _ROWS[:, 4] / 100, 0, 1)
    assert np.abs(drawn - wanted).max() < 1e-6


def test_monochrome_is_one_sum() -> None:
    rgb = as_change(colours())
    drawn = channel_mixer(ChannelMixer(monochrome=1, data=_ROWS[0].tolist()))(rgb)
    wanted = np.clip(rgb @ (_ROWS[0, :3] / 100) + 0.1, 0, 1)
    assert np.abs(drawn - wanted[..., np.newaxis]).max() < 1e-6


def test_missing_rows_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="numbers for 3 channels"):
        channel_mixer(ChannelMixer(data=[100, 0, 0, 0, 0]))
