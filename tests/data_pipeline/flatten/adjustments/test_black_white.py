"""Black & White: what each slider does to its own colour."""

import numpy as np
import pytest
from psd_tools.psd.descriptor import Descriptor

from data_pipeline.flatten.adjustments.black_white import black_white
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import as_change, colours, filled

_PURE = {b"Rd  ": (1, 0, 0), b"Yllw": (1, 1, 0), b"Grn ": (0, 1, 0)}
_PURE |= {b"Cyn ": (0, 1, 1), b"Bl  ": (0, 0, 1), b"Mgnt": (1, 0, 1)}


@pytest.mark.parametrize("key", _PURE)
def test_a_pure_colour_becomes_its_slider(key: bytes) -> None:
    change = black_white(filled(Descriptor(), {key: 77}))
    assert np.allclose(change(np.array([[_PURE[key]]], np.float32)), 0.77)


def test_a_mixture_follows_one_primary_and_one_secondary_colour() -> None:
    rgb = np.array([[[0.9, 0.6, 0.2], [0.1, 0.3, 0.8]]], np.float32)  # red and yellow, blue and cyan
    drawn = black_white(Descriptor())(rgb)[0, :, 0]
    assert np.allclose(drawn, [0.2 + 0.4 * 0.6 + 0.3 * 0.4, 0.1 + 0.2 * 0.6 + 0.5 * 0.2])


def test_a_tint_keeps_the_luminosity() -> None:
    tint = filled(Descriptor(classID=b"RGBC"), {b"Rd  ": 225.0, b"Grn ": 211.0, b"Bl  ": 179.0})
    rgb = as_change(colours())
    grey = black_white(Descriptor())(rgb)
    drawn = black_white(filled(Descriptor(), {b"useTint": True, b"tintColor": tint}))(rgb)
    assert np.abs(drawn @ [0.3, 0.59, 0.11] - grey[..., 0]).max() < 1e-6
    assert (drawn[..., 0] >= drawn[..., 2] - 1e-6).all()
    assert np.allclose(drawn[0, [0, -1]], [[0] * 3, [1] * 3])


def test_a_tint_without_a_colour_cannot_be_read() -> None:
    with pytest.raises(KeyError):
        black_white(filled(Descriptor(), {b"useTint": True}))
