"""ICC device links of the three types, built by hand."""

import struct

import numpy as np
import pytest
from psd_tools.psd.adjustments import ColorLookup

from data_pipeline.flatten.adjustments.colour_lookup import colour_lookup
from data_pipeline.flatten.adjustments.device_link import read_device_link
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import as_change, colours, filled

_TABLE = np.random.default_rng(0).integers(0, 65536, (3, 3, 3, 3)).astype(">u2")
_STRAIGHT = np.arange(256).astype(">u2") * 257


def _curve(values: np.ndarray) -> bytes:
    return b"curv" + struct.pack(">4xI", len(values)) + values.astype(">u2").tobytes()


def _newer(before: np.ndarray = _STRAIGHT, after: np.ndarray = _STRAIGHT) -> bytes:
    lut = bytes([3] * 3 + [0] * 13 + [2, 0, 0, 0]) + _TABLE.tobytes()
    lut += b"\0" * (-len(lut) % 4)
    first = 3 * _curve(before)
    offsets = struct.pack(">5I", 32 + len(lut) + len(first), 0, 0, 32, 32 + len(lut))
    return b"mAB \0\0\0\0\3\3\0\0" + offsets + lut + first + 3 * _curve(after)


def _older(wide: bool) -> bytes:
    curves, table = (3 * _STRAIGHT.tobytes(), _TABLE.tobytes()) if wide else (3 * bytes(range(256)), _bytes().tobytes())
    head = (b"mft2" if wide else b"mft1") + b"\0\0\0\0\3\3\3\0" + b"\0" * 36
    return head + (struct.pack(">HH", 256, 256) if wide else b"") + curves + table + curves


def _bytes() -> np.ndarray:
    return (_TABLE >> 8).astype(np.uint8)


def _link(tag: bytes) -> bytes:
    head = b"\0" * 12 + b"linkRGB RGB " + b"\0" * 12 + b"acsp"
    return head.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"A2B0", 144, len(tag)) + tag


def test_each_type_holds_its_table() -> None:
    assert np.allclose(read_device_link(_link(_newer())), _TABLE / 65535)
    assert np.allclose(read_device_link(_link(_older(wide=True))), _TABLE / 65535)
    assert np.allclose(read_device_link(_link(_older(wide=False))), _bytes() / 255)


def test_curves_after_the_table_bend_it() -> None:
    assert np.allclose(read_device_link(_link(_newer(after=_STRAIGHT[::-1]))), 1 - _TABLE / 65535)


def test_curves_before_the_table_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="bends"):
        read_device_link(_link(_newer(before=_STRAIGHT[::-1])))


def test_a_lookup_takes_its_link() -> None:
    rgb = as_change(colours())
    drawn = colour_lookup(filled(ColorLookup(), {b"profile": _link(_newer())}))(rgb)
    assert np.allclose(drawn[0, [0, -1]], [_TABLE[0, 0, 0] / 65535, _TABLE[2, 2, 2] / 65535], atol=1e-6)


@pytest.mark.parametrize("cut", [0, 20, 130, 150, 180, 400, 900])
def test_a_cut_link_is_told(cut: int) -> None:
    for tag in (_newer(), _older(wide=True), _older(wide=False)):
        with pytest.raises(ValueError):  # noqa: PT011
            read_device_link(_link(tag)[:cut])
