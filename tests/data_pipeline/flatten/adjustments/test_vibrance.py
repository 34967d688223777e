"""Vibrance and saturation against a transcription."""

import numpy as np
import pytest
from psd_tools.psd.descriptor import Descriptor

from data_pipeline.flatten.adjustments.vibrance import vibrance
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import as_change, colours, filled


@pytest.mark.parametrize(("amount", "saturation"), [(60, 0), (-100, 0), (0, 40), (30, -70)])
def test_transcribed(amount: int, saturation: int) -> None:
    rgb = as_change(colours()).astype(np.float64)
    drawn = vibrance(filled(Descriptor(), {b"vibrance": amount, b"Strt": saturation}))(rgb.astype(np.float32))
    grey = (rgb @ [0.3, 0.59, 0.11])[..., np.newaxis]
    pale = rgb.min(axis=2, keepdims=True) / np.maximum(rgb.max(axis=2, keepdims=True), 1e-9)
    wanted = grey + (rgb - grey) * (1 + amount / 100 * pale) * (1 + saturation / 100)
    assert np.abs(drawn - np.clip(wanted, 0, 1)).max() < 1e-6
